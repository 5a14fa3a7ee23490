// OpenSSL as Swift sees it: TLS on a descriptor of our own. Only the module Redis imports this.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// Built from macros with arguments, which Swift does not see: SSL_CTX_set_options(3). A stream of replies shows by
// itself when it was cut off, and renegotiation would make a write wait for something to read.
static const uint64_t COPENSSL_OPTIONS = SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF;
