# What all scripts share: where the house stands and how they speak. Sourced, never run.
# shellcheck shell=bash disable=SC2034

set -euo pipefail

PAGELAB_ROOT=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)

# The scripts' own words go to stderr: stdout belongs to what the user asked for.
say() { printf 'pagelab: %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 2
}

# Prints the comment at the top of the calling script as its help.
show_help() {
    awk 'NR == 1 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$0"
    exit 0
}

# Is WORD among the arguments that follow it, before any `--`?
has_option() {
    local wanted=$1 argument
    shift
    for argument in "$@"; do
        [[ $argument == -- ]] && return 1
        [[ $argument == "$wanted" ]] && return 0
    done
    return 1
}
