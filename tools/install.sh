#!/bin/sh
# Makes .venv hold this checkout with the named extras, and does nothing where it already does.
#
#   tools/install.sh torch,discord,telegram
#
# PYTHON names the interpreter to build with. Where PIP_FIND_LINKS names supplied wheels, pip takes them; otherwise uv
# installs, because its --torch-backend=auto takes torch's small CPU build on machines without an NVIDIA GPU.
set -eu
cd "$(dirname "$0")/.."
extras=${1-}
venv=.venv
stamp=$venv/installed

fail() {
    echo "$*" >&2
    exit 1
}

recent() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

complete() { # Debian ships Python without these two until python3-venv is installed
    "$1" -c 'import venv, ensurepip' >/dev/null 2>&1
}

find_python() {
    python=
    lacking=
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        recent "$candidate" || continue
        if complete "$candidate"; then
            python=$candidate
            return
        fi
        lacking=${lacking:-$candidate}
    done
    if [ -n "$lacking" ]; then
        fail "$lacking has no venv module; install it (on Debian and Ubuntu: sudo apt install python3-venv) and try again."
    elif [ -n "${PYTHON-}" ]; then
        fail "PYTHON=$PYTHON is not Python 3.11 or newer; name one that is."
    else
        fail "Planchette needs Python 3.11 or newer; install one, or name it: make run PYTHON=/path/to/python3.12"
    fi
}

# What is installed: the first line says of what (this checkout, these versions), then one line for each extra.
wanted() {
    echo "$PWD $("$venv/bin/python" -c 'import sys; print(*sys.version_info[:3], sep=".")') $(cat pyproject.toml constraints.txt | cksum)"
}

installed() {
    recent "$venv/bin/python" && [ -f "$stamp" ] && [ "$(head -n 1 "$stamp")" = "$(wanted)" ] || return 1
    for extra in base $(echo "$extras" | tr ',' ' '); do
        grep -qx "$extra" "$stamp" || return 1
    done
}

if installed; then
    exit 0
fi

if ! recent "$venv/bin/python"; then
    find_python
    "$python" -m venv --clear "$venv" || fail "The virtual environment in $PWD/$venv could not be made; see above."
fi
"$venv/bin/python" -m pip --version >/dev/null 2>&1 ||
    fail "The virtual environment in $PWD/$venv has no pip; remove that directory and try again."

package=.${extras:+[$extras]}
echo "Installing planchette${extras:+ with $extras} into $venv; the first time takes a few minutes." >&2
if [ -n "${PIP_FIND_LINKS-}" ]; then
    "$venv/bin/python" -m pip install -qq --constraint constraints.txt --editable "$package"
else
    "$venv/bin/python" -m pip install -qq --constraint constraints.txt uv &&
        "$venv/bin/python" -m uv pip install --python "$venv/bin/python" --torch-backend=auto \
            --constraint constraints.txt --editable "$package"
fi || fail "The packages could not be installed; see above, then try again."

now=$(wanted)
if [ -f "$stamp" ] && [ "$(head -n 1 "$stamp")" = "$now" ]; then
    before=$(tail -n +2 "$stamp")
else
    before=
fi
{
    echo "$now"
    printf '%s\n' base $before $(echo "$extras" | tr ',' ' ') | sort -u
} >"$stamp.new"
mv "$stamp.new" "$stamp"
