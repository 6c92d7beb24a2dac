# Which Debian packages a script needs, which are missing, and how they get installed. Sourced, never run.
# shellcheck shell=bash disable=SC2034

# For `scripts/run`: package, then a command or file whose presence shows that it is there.
PACKAGES_RUN=(
    'g++ g++'
    'cmake cmake'
    'ninja-build ninja'
    'nasm nasm'
    'qemu-system-x86 qemu-system-i386'
    'libfmt-dev /usr/include/fmt/format.h'
    'libcli11-dev /usr/include/CLI/CLI.hpp'
    'nlohmann-json3-dev /usr/include/nlohmann/json.hpp'
    'libncurses-dev /usr/include/curses.h'
)
PACKAGES_LAB=(
    'python3 /usr/bin/python3'
    'bubblewrap bwrap'
)
# For `scripts/sheets`; the first alone makes HTML.
PACKAGES_SHEETS=(
    'python3-markdown-it /usr/lib/python3/dist-packages/markdown_it/__init__.py'
    'weasyprint weasyprint'
)
PACKAGES_GDB=(
    'gdb gdb'
)
PACKAGES_BOCHS=(
    'bochs bochs'
    'bochs-term /usr/share/doc/bochs-term/copyright'
    'bochsbios /usr/share/bochs/BIOS-bochs-latest'
    'vgabios /usr/share/vgabios/vgabios.bin'
    'grub-common grub-mkimage'
    'grub-pc-bin /usr/lib/grub/i386-pc/multiboot.mod'
    'xorriso xorriso'
)
PACKAGES_FUZZ=(
    'clang-16 clang++-16'
    'libclang-rt-16-dev /usr/lib/llvm-16/lib/clang/16/lib/linux/libclang_rt.fuzzer-x86_64.a'
)
PACKAGES_TEST=(
    "${PACKAGES_RUN[@]}"
    "${PACKAGES_GDB[@]}"
    "${PACKAGES_LAB[@]}"
    "${PACKAGES_SHEETS[0]}"
    'libgtest-dev /usr/include/gtest/gtest.h'
    'librapidcheck-dev /usr/include/rapidcheck.h'
    'python3-pytest /usr/lib/python3/dist-packages/pytest/__init__.py'
    'python3-pexpect /usr/lib/python3/dist-packages/pexpect/__init__.py'
    'python3-pyte /usr/lib/python3/dist-packages/pyte/__init__.py'
    'python3-jsonschema /usr/lib/python3/dist-packages/jsonschema/__init__.py'
    'python3-hypothesis /usr/lib/python3/dist-packages/hypothesis/__init__.py'
    "${PACKAGES_BOCHS[@]}"
)
PACKAGES_LINT=(
    'shellcheck shellcheck'
    'clang-format clang-format'
    'clang-tidy clang-tidy'
    'black black'
    'mypy mypy'
)

# Prints those of the entries whose mark is not there.
missing_packages() {
    local entry package mark
    for entry in "$@"; do
        package=${entry%% *}
        mark=${entry#* }
        if [[ $mark == /* ]]; then
            [[ -e $mark ]] || printf '%s\n' "$package"
        else
            command -v -- "$mark" >/dev/null || printf '%s\n' "$package"
        fi
    done
}

# Asks on a terminal; 0 is yes.
agree_to_install() {
    local answer
    [[ -t 0 && -t 2 ]] || return 1
    printf 'pagelab: these packages are missing: %s\nInstall them? [Y/n] ' "$*" >&2
    read -r answer || return 1
    [[ -z $answer || $answer == [yY]* ]]
}

install_line() {
    printf 'sudo apt-get install --no-install-recommends -y %s' "$*"
}

# Installs what is missing of the entries, or says how and ends with status 2.
# The first argument is 1 if the user gave --yes.
need_packages() {
    local yes=$1 missing
    shift
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]} > 0)) || return 0
    if ! command -v apt-get >/dev/null; then
        die "these are missing (Debian's names): ${missing[*]}"
    fi
    if ((yes)) || ((EUID == 0)) && [[ ! -t 0 || ! -t 2 ]] || agree_to_install "${missing[@]}"; then
        install_packages "${missing[@]}"
    else
        die "missing packages; install them with: $(install_line "${missing[@]}")"
    fi
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]} == 0)) || die "still missing after the installation: ${missing[*]}"
}

install_packages() {
    local as_root=() log
    ((EUID == 0)) || as_root=(sudo)
    log=$(mktemp)
    # shellcheck disable=SC2064 # the name as it is now
    trap "rm -f '$log'" RETURN
    # Package lists are fetched only where they are missing or too old to install from.
    if ! apt_knows "$@"; then
        say 'fetching the package lists'
        "${as_root[@]}" apt-get -q update >"$log" 2>&1 </dev/null || apt_failed "$log"
    fi
    say "installing $*"
    if ! apt_install "$log" "$@"; then
        "${as_root[@]}" apt-get -q update >"$log" 2>&1 </dev/null || apt_failed "$log"
        apt_install "$log" "$@" || apt_failed "$log"
    fi
}

# On a terminal apt shows its own progress.
apt_install() {
    local log=$1
    shift
    if [[ -t 2 ]]; then
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get -q install --no-install-recommends -y "$@" >&2 </dev/null
    else
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get -q install --no-install-recommends -y "$@" >"$log" 2>&1 </dev/null
    fi
}

apt_knows() {
    local package
    for package in "$@"; do
        apt-cache show "$package" >/dev/null 2>&1 || return 1
    done
}

apt_failed() {
    tail -n 20 -- "$1" >&2
    die "apt-get failed; try: $(install_line '…')"
}
