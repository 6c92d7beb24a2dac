# The console program, for scripts that only need it to be there. Sourced after common.sh, never run.
# shellcheck shell=bash disable=SC2034

# shellcheck source=scripts/lib/packages.sh
source "$PAGELAB_ROOT/scripts/lib/packages.sh"
# shellcheck source=scripts/lib/build.sh
source "$PAGELAB_ROOT/scripts/lib/build.sh"

PAGELAB_CONSOLE=$PAGELAB_ROOT/build-run/serial-console/pagelab-console

# need_console YES: 1 if the user gave --yes.
# An existing program is taken as it is: what stops a run, or finds it, must not wait for a build.
need_console() {
    [[ ! -x $PAGELAB_CONSOLE ]] || return 0
    need_packages "$1" "${PACKAGES_RUN[@]}"
    build release build-run all
}
