# Builds the project. Everything it prints goes to stderr, and nothing when there is nothing to do.
# shellcheck shell=bash disable=SC2034

# build PRESET DIRECTORY TARGET…: configures where that was never done, then builds the targets.
# One build at a time in each directory: several scripts may start at once.
# In a tree of somebody else's, what was built there is taken as it is.
build() {
    local preset=$1 directory=$PAGELAB_ROOT/$2
    shift 2
    mkdir -p -- "$directory" 2>/dev/null || true
    if [[ ! -w $directory ]]; then
        [[ ! -e $directory/build.ninja ]] || return 0
        die "$directory can't be written; build there as its owner, or use a clone of your own"
    fi
    exec {build_lock}>"$directory/.lock"
    flock "$build_lock"
    if [[ ! -e $directory/build.ninja ]] || ! same_place "$directory"; then
        configure "$preset" "$directory"
    fi
    # The lock's descriptor must not live on in what we become.
    if ! ninja_quiet "$directory" "$@"; then
        exec {build_lock}>&-
        die 'the build failed'
    fi
    exec {build_lock}>&-
}

# A tree that was moved or copied after configuring would build the sources of its old place.
same_place() {
    local line
    while IFS= read -r line; do
        if [[ $line == CMAKE_HOME_DIRECTORY:INTERNAL=* ]]; then
            [[ ${line#*=} == "$PAGELAB_ROOT" ]]
            return
        fi
    done <"$1/CMakeCache.txt"
    return 1
}

configure() {
    local preset=$1 directory=$2
    say "preparing ${directory##*/}"
    rm -rf -- "$directory/CMakeCache.txt" "$directory/CMakeFiles"
    if ! (cd -- "$PAGELAB_ROOT" && cmake --preset "$preset" >"$directory/.configure.log" 2>&1 </dev/null); then
        cat -- "$directory/.configure.log" >&2
        die 'cmake failed'
    fi
}

# On a terminal ninja's own progress on one line; else a sentence, and the output only if it fails.
ninja_quiet() {
    local directory=$1 plan
    shift
    plan=$(ninja -C "$directory" -n "$@" 2>/dev/null </dev/null) || plan=
    [[ $plan != *'no work to do'* ]] || return 0
    if [[ -t 2 ]]; then
        NINJA_STATUS='building [%f/%t] ' ninja -C "$directory" "$@" >&2 </dev/null
    else
        say "building in ${directory##*/} (the first time takes about a minute)"
        if ! ninja -C "$directory" "$@" >"$directory/.build.log" 2>&1 </dev/null; then
            grep -v '^\[[0-9]' -- "$directory/.build.log" >&2 || true
            return 1
        fi
    fi
}
