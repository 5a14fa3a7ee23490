#!/usr/bin/env bash
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/martlet.sh"

ReportJob() {
  local user=$1 pages=${2:-10} page
  for ((page = 1; page <= pages; page++)); do
    martlet_progress $((100 * page / pages)) "page $page of $pages"
  done
  martlet_log info "made $pages pages"
  martlet_push MailJob "$user" # pushed together with this job's end, or not at all
}

MailJob() {
  ((MARTLET_ATTEMPT <= 3)) || martlet_dead Unreachable "user $1 cannot be reached"
}

martlet_run
