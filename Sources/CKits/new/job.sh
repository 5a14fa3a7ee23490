#!/usr/bin/env bash
# Does jobs of the class @CLASS@. To run one: martlet try @CLASS@ Ada -C @STEM@.yml
# shellcheck source=/dev/null
source "$(dirname "${BASH_SOURCE[0]}")/martlet.sh"

# A function for each class. The job's arguments are its own; MARTLET_JID, MARTLET_ATTEMPT and others are set.
@CLASS@() {
    local name="${1:-world}"
    martlet_progress 50 "half of it"
    # martlet_push MailJob "$name"                  a child: enqueued together with this job's end, or not at all
    # martlet_dead NoSuchUser "no such user"        failed, never tried again; any other failure is tried again
    echo "Hello, $name!"
}

martlet_run
