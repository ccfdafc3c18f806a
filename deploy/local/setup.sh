#!/bin/sh
# Creates .venv from requirements/run.txt or test.txt and installs the project; does nothing if it is up to date.
# Usage: sh deploy/local/setup.sh run|test.  Set PYTHON to select a Python interpreter.
set -eu
cd "$(dirname "$0")/../.."

give_up() {
    printf '%s\n' "$@" >&2
    exit 1
}

# Prints the first Python that is new enough and can create a virtual environment.
find_python() {
    incomplete=
    for python in ${PYTHON:+"$PYTHON"} python3.14 python3.13 python3.12 python3.11 python3; do
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        "$python" -c 'import ensurepip, venv' 2>/dev/null && echo "$python" && return
        incomplete=${incomplete:-$python}
    done
    [ -z "$incomplete" ] || give_up "$incomplete is here, but without its part that makes virtual environments." \
        "On Debian and Ubuntu type: sudo apt install $(basename "$incomplete")-venv"
    give_up "Python 3.11 or newer is needed, and none was found." \
        "On Debian and Ubuntu type: sudo apt install python3 python3-venv" \
        "On a Mac with Homebrew:    brew install python" \
        "If it stands elsewhere:    make setup PYTHON=/path/to/python3"
}

# A key of everything an installation depends on: the pins, the project metadata, and its path.
key_of() {
    { cat "requirements/$1.txt" pyproject.toml; pwd; } | cksum | tr ' ' -
}

command -v git >/dev/null || give_up "git is needed, and was not found." \
    "On Debian and Ubuntu type: sudo apt install git"

wanted=$1
if [ -f ".venv/$wanted-$(key_of "$wanted")" ] && [ -x .venv/bin/python ]; then
    exit 0
fi

if [ "$(cat .venv/made-in 2>/dev/null)" != "$(pwd)" ] || ! .venv/bin/python -c '' 2>/dev/null; then
    python=$(find_python)
    echo "Making .venv with $("$python" --version) ..."
    "$python" -m venv --clear .venv
    pwd >.venv/made-in
fi
echo "Installing requirements/$wanted.txt (once; about a minute) ..."
pip() {
    .venv/bin/python -m pip --disable-pip-version-check "$@"
}
install() {
    pip install -qq --no-deps "$@" || give_up \
        "The packages could not be installed; pip says above why." \
        "Behind a proxy type first: export HTTPS_PROXY=http://HOST:PORT"
}
# The pins are complete. Without --no-deps, pip 23 would look for `coverage[toml]` beside a pinned
# `coverage`, find a newer release, and refuse it because that release has no hash here.
install --require-hashes -r "requirements/$wanted.txt"
install --no-build-isolation -e .
conflicts=$(pip check) || give_up "$conflicts" \
    "The packages are installed, but the pins in requirements/$wanted.txt do not fit together." \
    "CONTRIBUTING.md says how to pin them anew."
rm -f .venv/run-* .venv/test-*
for done in run "$wanted"; do # test.txt holds all of run.txt
    : >".venv/$done-$(key_of "$done")"
done
