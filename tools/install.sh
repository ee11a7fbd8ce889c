#!/usr/bin/env bash
# Makes .venv from requirements/all.lock, adds absent Debian packages, compiles messages.
# Safe to repeat: with nothing to do it takes a fraction of a second.
#   tools/install.sh          what the service and the demo need
#   tools/install.sh --tests  PostgreSQL and Chromium as well
set -euo pipefail
cd "$(dirname "$0")/.."

lock=requirements/all.lock
stamp=.venv/.installed
log=var/install.log
mkdir -p var

find_python() {
    local name
    for name in python3.11 python3; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "Python 3.11 or newer is needed: install it (Debian: apt-get install python3)." >&2
    exit 1
}

absent_packages() {
    command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null || echo ffmpeg
    compgen -G '/usr/share/fonts/*/noto/NotoSans-Regular.*' >/dev/null || echo fonts-noto-core
    command -v msgfmt >/dev/null || echo gettext
    command -v exiftool >/dev/null || echo libimage-exiftool-perl
    [ -x .venv/bin/pip ] || "$python" -c 'import ensurepip' 2>/dev/null || echo python3-venv
    [ "${1:-}" = --tests ] || return 0
    [ -n "${MAM_TEST_DATABASE_URL:-}" ] || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || echo postgresql
    [ -n "${MAM_TEST_CHROMIUM:-}" ] || command -v chromium >/dev/null || echo chromium
    # The program that drives Chromium comes with Playwright's wheel, this library of its does not.
    compgen -G '/usr/lib/*/libatomic.so.1' >/dev/null || echo libatomic1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

may_be_root() {
    [ "$(id -u)" = 0 ] && return
    # Without a terminal sudo could ask for a password that nobody types.
    command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1
}

install_packages() {
    if ! command -v apt-get >/dev/null || ! may_be_root; then
        echo "Please install these first (Debian: apt-get install $*), then try again." >&2
        exit 1
    fi
    echo "Installing Debian packages: $* …"
    # A fresh machine has no package lists, an old one has stale ones: only then they are fetched.
    apt_install "$@" || { as_root apt-get update >>"$log" 2>&1 && apt_install "$@"; } || {
        tail -n 5 "$log" >&2
        echo "Could not install: $* (the whole story is in $log)." >&2
        exit 1
    }
}

install_python_packages() {
    local wanted
    wanted="$(sha256sum "$lock" | cut -d' ' -f1)"
    if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    echo "Installing $(grep -c '^[a-z].*==' "$lock") Python packages into .venv (a minute or two) …"
    .venv/bin/python -c '' 2>/dev/null || "$python" -m venv --clear .venv
    .venv/bin/python -m pip install --disable-pip-version-check --require-hashes -r "$lock" >>"$log" 2>&1 || {
        tail -n 5 "$log" >&2
        echo "Could not install the Python packages (the whole story is in $log)." >&2
        exit 1
    }
    echo "$wanted" >"$stamp"
}

compile_messages() {
    local po mo
    for po in locale/*/LC_MESSAGES/*.po; do
        mo="${po%.po}.mo"
        if [ -f "$po" ] && { [ ! -f "$mo" ] || [ "$po" -nt "$mo" ]; }; then
            msgfmt -o "$mo" "$po"
        fi
    done
}

python="$(find_python)"
mapfile -t absent < <(absent_packages "$@")
[ ${#absent[@]} -eq 0 ] || install_packages "${absent[@]}"
install_python_packages
compile_messages
