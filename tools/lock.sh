#!/usr/bin/env bash
# Rebuilds both lock files from pyproject.toml. Pinned versions stay unless `tools/lock.sh --upgrade`.
set -euo pipefail
cd "$(dirname "$0")/.."

room="$(mktemp -d)"
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room"
"$room/bin/pip" install --quiet --disable-pip-version-check uv

compile() {
    # Universal, so that one file serves every platform and every Python from 3.11 on.
    "$room/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" "$@"
}

compile --extra postgres pyproject.toml -o requirements/run.lock "${@}"
compile --all-extras pyproject.toml -c requirements/run.lock -o requirements/all.lock "${@}"
if grep -nE '://|--(extra-)?index-url|--find-links' requirements/*.lock; then
    echo "A lock file names a place; it must name packages and hashes only." >&2
    exit 1
fi
