#!/bin/sh
# Builds the documentation as a site, in an environment of its own below var/. Fails for broken links,
# pages that are not in the navigation, and anything that would be loaded from another site.
# Usage: sh deploy/docs/build.sh [FOLDER]   (default: var/docs)
set -eu
cd "$(dirname "$0")/../.."
folder=${1:-var/docs}
case $folder in /*) ;; *) folder=$PWD/$folder ;; esac

environment=$(sh deploy/local/tool_environment.sh docs)
NO_MKDOCS_2_WARNING=1 "$environment/bin/mkdocs" build --quiet --clean --config-file deploy/docs/mkdocs.yml --site-dir "$folder"
rm -f "$folder/404.html"  # its URLs are right for no site below a path

remote=$(grep -rlE '<(script|img|iframe)[^>]* src="?https?://|<link[^>]* rel="?(stylesheet|preload|preconnect)"?[^>]* href="?https?://' \
    --include='*.html' "$folder" || true)
if [ -n "$remote" ]; then
    echo "These pages load something from other sites:" >&2
    echo "$remote" >&2
    exit 1
fi
echo "The documentation is in $folder."
