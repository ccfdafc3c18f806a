#!/bin/sh
# Serves the sample posts: content/ as committed in this repository, or a sample repository under
# var/ if this folder has no git history.
set -eu
cd "$(dirname "$0")/../.."
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
port=${SYNDICATE_SERVICE__PORT:-8000}
address=http://127.0.0.1:$port

# Prints why the posts cannot be read from the git history of this folder; prints nothing if they can.
obstacle() {
    if ! top=$(git rev-parse --show-toplevel 2>/dev/null); then
        [ ! -e .git ] || { echo "git cannot read this repository; \`git status\` says why" && return; }
        echo "this folder is no git repository"
    elif [ "$top" != "$(pwd -P)" ]; then
        echo "this folder lies inside another repository"
    elif [ "$(git rev-parse --is-shallow-repository)" != false ]; then
        echo "this clone is shallow; \`git fetch --unshallow\` brings the history"
    elif ! git cat-file -e HEAD:content 2>/dev/null; then
        echo "content/ is not committed"
    fi
}

# Runs git in the sample repository, without the user's git configuration.
sample_git() {
    GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 git -C var/sample \
        -c init.defaultBranch=main -c user.name=Editor -c user.email=editor@example.gov "$@"
}

# Commits the current content/ to var/sample. The first commit has a fixed date: ids depend on it.
make_sample() {
    mkdir -p var/sample
    if [ ! -d var/sample/.git ]; then
        sample_git init --quiet
        export GIT_AUTHOR_DATE=2025-11-20T12:00:00Z GIT_COMMITTER_DATE=2025-11-20T12:00:00Z
    fi
    rm -rf var/sample/content
    cp -R content var/sample/
    sample_git add --all --force
    sample_git diff --cached --quiet || sample_git commit --quiet --message "Take content/ as it is"
    unset GIT_AUTHOR_DATE GIT_COMMITTER_DATE
}

.venv/bin/python - "$port" <<'END'
import os, socket, sys
try:
    socket.create_server(("127.0.0.1", int(sys.argv[1]))).close()
except ValueError:
    pass  # the service reports the invalid port
except OSError as error:
    sys.exit(
        f"Port {sys.argv[1]} cannot be used: {os.strerror(error.errno)}.\n"
        "To use another port: SYNDICATE_SERVICE__PORT=8001 make serve"
    )
END

why=$(obstacle)
if [ -z "$why" ]; then
    SAMPLE_REPOSITORY=$(pwd)
    edits="Uncommitted edits are not served: commit them to update the feeds at once."
else
    make_sample
    SAMPLE_REPOSITORY=$(pwd)/var/sample
    edits="The posts are a copy of content/ from now, because $why.
Later edits are served after the next \`make serve\`."
fi
export SAMPLE_REPOSITORY

cat <<END
Serving content/ of commit $(git -C "$SAMPLE_REPOSITORY" log -1 --format='%h, "%s",') on $address
$edits
Deliveries to this machine and without TLS are allowed only here, for testing.

In another terminal:
  curl $address/feeds/all.json
  curl '$address/feeds/all.rss?category=tts'
  curl $address/feeds/carousel.atom
docs/tutorial.md shows in five minutes how subscribers receive events.

END
exec .venv/bin/syndicate --config deploy/local/syndicate.toml serve
