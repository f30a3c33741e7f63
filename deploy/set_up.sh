#!/bin/sh
# Installs the locked dependencies into .venv: needs Python 3.11 or newer and nothing else.
set -eu
# Unless told: Debian's own Python, which is built with a profile of real programs and takes a quarter less for the same work than
# one that was built without (docs/decisions/16-what-a-request-may-cost.md); else whatever comes first.
if [ -z "${PYTHON:-}" ]; then
    PYTHON=python3
    if /usr/bin/python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then PYTHON=/usr/bin/python3; fi
fi
VENV=.venv
if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Hợp Nhất needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2
    exit 1
fi
if [ ! -x "$VENV/bin/python" ]; then
    echo "Preparing $VENV …"
    if ! "$PYTHON" -m venv "$VENV" >/dev/null 2>&1; then
        # Debian's python3 comes without ensurepip: make the environment bare and borrow the system's pip, or install both.
        rm -rf "$VENV"
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
        elif sudo -n true 2>/dev/null; then
            sudo apt-get update -qq && sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
        else
            echo "Python has no venv module here: install Debian's python3-venv, then run this again." >&2
            exit 1
        fi
        "$PYTHON" -m venv "$VENV"
    fi
fi
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
echo "Installing the locked dependencies …"
# Compiled once here: every command then starts in a second instead of three, also where Python may not write what it compiled.
UV_PROJECT_ENVIRONMENT="$VENV" "$VENV/bin/uv" sync --frozen --quiet --compile-bytecode
"$VENV/bin/python" -m compileall -q idp clients directory_sync migrations deploy wsgi.py
