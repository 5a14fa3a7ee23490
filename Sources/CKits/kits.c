#include "CKits.h"

#include <string.h>

// The compiler takes #embed of C23 in every version of C.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char python_kit[] = {
#embed "../Kits/python/martlet.py"
};
static const unsigned char ruby_kit[] = {
#embed "../Kits/ruby/martlet.rb"
};
static const unsigned char node_kit[] = {
#embed "../Kits/node/martlet.mjs"
};
static const unsigned char shell_kit[] = {
#embed "../Kits/shell/martlet.sh"
};
static const unsigned char python_job[] = {
#embed "new/job.py"
};
static const unsigned char ruby_job[] = {
#embed "new/job.rb"
};
static const unsigned char node_job[] = {
#embed "new/job.mjs"
};
static const unsigned char shell_job[] = {
#embed "new/job.sh"
};
static const unsigned char configuration[] = {
#embed "new/job.yml"
};

// The one list of the files.
static const struct ckits_file files[] = {
    {"python/martlet.py", python_kit, sizeof python_kit},
    {"ruby/martlet.rb", ruby_kit, sizeof ruby_kit},
    {"node/martlet.mjs", node_kit, sizeof node_kit},
    {"shell/martlet.sh", shell_kit, sizeof shell_kit},
    {"new/job.py", python_job, sizeof python_job},
    {"new/job.rb", ruby_job, sizeof ruby_job},
    {"new/job.mjs", node_job, sizeof node_job},
    {"new/job.sh", shell_job, sizeof shell_job},
    {"new/job.yml", configuration, sizeof configuration},
};

const struct ckits_file *ckits_find(const char *path) {
    for (size_t index = 0; index < sizeof files / sizeof files[0]; index++) {
        if (strcmp(files[index].path, path) == 0) return &files[index];
    }
    return NULL;
}
