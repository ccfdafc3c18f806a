#!/bin/sh
# Lists what an installation is made of, in var/audit: sbom.cdx.json (CycloneDX 1.6, from the pins with their
# hashes) and licenses.md. Then looks for known vulnerabilities of every package in the index of PyPI. Fails if
# there are any, and if one package could not be looked up, unless --allow-unchecked is given.
# Usage: sh deploy/audit/build.sh [--allow-unchecked] [FOLDER]   (default: var/audit)
set -eu
cd "$(dirname "$0")/../.."
unchecked_result=1
if [ "${1:-}" = --allow-unchecked ]; then
    unchecked_result=0
    shift
fi
folder=${1:-var/audit}
mkdir -p "$folder"

environment=$(sh deploy/local/tool_environment.sh audit)

"$environment/bin/cyclonedx-py" requirements requirements/run.txt --pyproject pyproject.toml \
    --spec-version 1.6 --output-format JSON --output-reproducible --output-file "$folder/sbom.cdx.json"

packages=$(sed -n 's/^\([A-Za-z0-9._-]*\)\(\[[a-z,]*\]\)\{0,1\}==.*/\1/p' requirements/run.txt)
# shellcheck disable=SC2086 # one argument for each package
"$environment/bin/pip-licenses" --python .venv/bin/python --format markdown --with-urls --order name \
    --packages $packages >"$folder/licenses.md"

rm -f "$folder/vulnerabilities.json"
"$environment/bin/pip-audit" --progress-spinner off --disable-pip --require-hashes --format json \
    --output "$folder/vulnerabilities.json" -r requirements/tracing.txt 2>"$folder/audit.log" && result=0 || result=$?
unchecked=
if [ ! -s "$folder/vulnerabilities.json" ]; then
    unchecked=$(tail -n 1 "$folder/audit.log")
elif [ "$result" != 0 ]; then
    cat "$folder/audit.log" "$folder/vulnerabilities.json"
    exit 1
else
    skipped=$(grep -o '"skip_reason"' "$folder/vulnerabilities.json" | wc -l)
    [ "$skipped" = 0 ] || unchecked="the index does not know $((skipped)) of the packages"
fi
echo "The parts list and the licenses are in $folder."
if [ -n "$unchecked" ]; then
    echo "NOT CHECKED for known vulnerabilities: $unchecked"
    exit "$unchecked_result"
fi
echo "No known vulnerabilities."
