#ifndef CKITS_H
#define CKITS_H

#include <stddef.h>

/// A file that is part of the program. Its bytes live as long as the process.
struct ckits_file {
    /// From Sources/Kits, as "python/martlet.py", or from Sources/CKits, as "new/job.py".
    const char *path;
    const unsigned char *bytes;
    size_t count;
};

/// The file of that path, NULL if there is none.
const struct ckits_file *ckits_find(const char *path);

#endif
