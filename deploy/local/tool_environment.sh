#!/bin/sh
# Prints the path of a virtual environment with the packages of requirements/NAME.txt, and creates it first
# if it does not exist or the file has changed. Tools that .venv does not need have one each.
# Usage: sh deploy/local/tool_environment.sh NAME
set -eu
cd "$(dirname "$0")/../.."

requirements=requirements/$1.txt
environment=var/$1-environment
key=$environment/made-of-$(cksum <"$requirements" | tr ' ' -)
if [ ! -f "$key" ]; then
    echo "Installing $requirements (once) ..." >&2
    "${PYTHON:-.venv/bin/python}" -m venv --clear "$environment"
    "$environment/bin/python" -m pip --disable-pip-version-check install -qq --no-deps \
        --require-hashes -r "$requirements"
    : >"$key"
fi
echo "$environment"
