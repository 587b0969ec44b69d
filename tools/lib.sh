# shellcheck shell=bash
# Shared by tools/quickstart, tools/test and .ci/run; sourced, never run.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
JOBS=2
# Clones of this project in other folders share what ccache keeps.
export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1
PASSED=0
FAILED=0
SKIPPED=0

say() { printf '\n== %s\n' "$*"; }
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Debian package -> what shows that it is there, whoever installed it.
is_installed() {
    dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^ii'
}

# need_packages NAME...: installs what is missing, or says in one line what to install.
need_packages() {
    if ! command -v dpkg-query >/dev/null; then
        echo "not a Debian system; trusting that the like of these is there: $*"
        return
    fi
    local missing=() name
    for name in "$@"; do
        is_installed "$name" || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if sudo -n true 2>/dev/null; then
            as_root=(sudo -n)
        else
            die "please install, then try again: sudo apt-get install ${missing[*]}"
        fi
    fi
    say "installing ${missing[*]}"
    local had_server=no log
    is_installed redis-server && had_server=yes
    log=$(mktemp)
    # An update that fails (one source of many is down) need not matter.
    "${as_root[@]}" apt-get update -qq </dev/null >"$log" 2>&1 || true
    # RUNLEVEL keeps packages from starting services where there is no systemd.
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >>"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        die "apt-get could not install: ${missing[*]}"
    fi
    rm -f "$log"
    # Debian starts a Redis of its own on 6379; nobody asked for that one.
    if [ $had_server = no ] && [ -d /run/systemd/system ]; then
        "${as_root[@]}" systemctl disable --now --quiet redis-server 2>/dev/null || true
    fi
}

# shellcheck disable=SC2034  # for those who source this
BUILD_PACKAGES=(g++ cmake ninja-build pkg-config ccache libuv1-dev libhiredis-dev libssl-dev
    libcurl4-openssl-dev libsqlite3-dev
    libcli11-dev nlohmann-json3-dev libgtest-dev libgmock-dev libbenchmark-dev liblua5.1-0-dev
    redis-server python3)

# The Dapr sidecar for the tests, built once and kept in the user's cache. Without Go the tests that
# need it are skipped; in CI that is a failure.
build_sidecar() {
    local status=0
    "$ROOT/tools/daprd/build" >/dev/null || status=$?
    [ $status -eq 77 ] && [ -z "${CI:-}" ] && return 0
    return $status
}

# build PRESET [TARGET...]: configures and builds; says how to repeat what failed.
build() {
    local preset=$1
    shift
    local targets=()
    [ $# -gt 0 ] && targets=(--target "$@")
    local log=$ROOT/build/$preset.configure.log
    mkdir -p "$ROOT/build"
    cd "$ROOT" || return
    if ! cmake --preset "$preset" >"$log" 2>&1; then
        cat "$log"
        echo "FAILED to configure; repeat with: cmake --preset $preset"
        return 1
    fi
    if ! cmake --build "build/$preset" -j $JOBS "${targets[@]}"; then
        echo "FAILED to build; repeat with: cmake --build build/$preset ${targets[*]}"
        return 1
    fi
}

# run_tests PRESET [CTEST ARGUMENT...]: adds to PASSED, FAILED and SKIPPED.
run_tests() {
    local preset=$1
    shift
    local folder=$ROOT/build/$preset log=$ROOT/build/$preset.ctest.log status=0
    cd "$ROOT" || return
    UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=second_deadlock_stack=1 \
        ctest --test-dir "$folder" -j $JOBS --output-on-failure --no-tests=error \
        "$@" </dev/null 2>&1 | tee "$log" | show_progress || status=1
    local total failed skipped
    total=$(sed -n 's/.* tests failed out of \([0-9]*\)$/\1/p' "$log" | tail -n 1)
    failed=$(sed -n 's/.*, \([0-9]*\) tests failed out of .*/\1/p' "$log" | tail -n 1)
    skipped=$(grep -c '^[[:space:]]*[0-9]* - .* (Skipped)$' "$log" || true)
    total=${total:-0} failed=${failed:-0}
    PASSED=$((PASSED + total - failed - skipped))
    SKIPPED=$((SKIPPED + skipped))
    # ctest may fail without a failed test, e.g. when a program cannot even list its tests.
    [ $status -ne 0 ] && [ "$failed" -eq 0 ] && failed=1
    FAILED=$((FAILED + failed))
    if [ "$failed" -ne 0 ]; then
        echo "FAILED $failed in $preset; see build/$preset.ctest.log; repeat with:"
        echo "  ctest --test-dir build/$preset --rerun-failed --output-on-failure"
    fi
    return $status
}

# Leaves out the lines of tests that passed, but for one in a hundred as a sign of life.
show_progress() {
    awk '/^ *Start +[0-9]+:/ { next }
         / Passed +[0-9.]+ sec$/ { if (++n % 100 == 0) { print n " passed so far"; fflush() } next }
         { print; fflush() }'
}

# step NAME COMMAND...: a step that is no test of ctest counts as one.
step() {
    local name=$1
    shift
    say "$name"
    if "$@"; then
        return 0
    fi
    FAILED=$((FAILED + 1))
    echo "FAILED: $name"
    return 1
}
