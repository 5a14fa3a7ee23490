// zlib as Swift sees it: Sidekiq stores backtraces as zlib streams (RFC 1950). Only the module Platform imports this.
#include <zlib.h>
