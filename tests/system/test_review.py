"""The review of a pull request: real commits, the real command, a stand-in of the host's API."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final, cast

import pytest
from typing_extensions import override

from tests.content_repository import ContentRepository, git_environment
from tests.project_documents import ROOT

SCRIPT: Final = ROOT / "deploy" / "review" / "review.py"
SYNDICATE: Final = Path(sys.executable).parent / "syndicate"
SETTINGS: Final = """
[[sources]]
name = "news"
repository = "content"
folders = ["_posts"]
dialect = "jekyll"
site_url = "https://www.example.gov"
"""
POST: Final = "---\ntitle: A post\npermalink: /{}/\n---\nText.\n"
GOOD: Final = "---\ntitle: A | post\n---\nText.\n"


VARIABLES: Final = {
    "GITHUB_REPOSITORY": "agency/posts",
    "GITHUB_TOKEN": "made-up",
    "CI_PROJECT_ID": "3",
    "SYNDICATE_REVIEW_TOKEN": "made-up",
    "no_proxy": "*",
}


class Host(ThreadingHTTPServer):
    """Keeps the comments of one request, and what else it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HostHandler)
        self.comments: list[dict[str, Any]] = []
        self.received: list[tuple[str, str, Any]] = []


class HostHandler(BaseHTTPRequestHandler):
    """Answers as the API of GitHub and of GitLab does, as far as it is used."""

    def handle_request(self) -> None:
        """Record the request; list, add or change comments."""
        host = cast("Host", self.server)
        length = int(self.headers.get("content-length", "0"))
        body: dict[str, Any] = json.loads(self.rfile.read(length)) if length else {}
        path, _, query = self.path.partition("?")
        host.received.append((self.command, path, body))
        answer: object = {}
        if self.command == "GET":
            answer = host.comments if query.endswith("page=1") else []
        elif path.endswith(("/comments", "/notes")):
            host.comments.append({"id": 7, **body})
        elif self.command in ("PATCH", "PUT"):
            host.comments[-1] |= body
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    do_GET = do_POST = do_PATCH = do_PUT = handle_request  # noqa: N815 — named by the base class

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@contextmanager
def serve_host() -> Iterator[Host]:
    """Serve the stand-in on loopback."""
    with Host() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def host() -> Iterator[Host]:
    """Return the stand-in."""
    with serve_host() as server:
        yield server


@pytest.mark.parametrize(
    ("name", "comments", "state", "method"),
    [
        ("github", "/repos/agency/posts/issues/5/comments", "failure", "PATCH"),
        ("gitlab", "/projects/3/merge_requests/5/notes", "failed", "PUT"),
    ],
)
def test_review_has_one_comment_and_a_status(  # noqa: PLR0913, PLR0917 — both hosts
    host: Host, tmp_path: Path, name: str, comments: str, state: str, method: str
) -> None:
    """Problems and effects of the change, with links; the second run changes the same comment."""
    content = ContentRepository.create(tmp_path / "content")
    base = content.commit({"_posts/2024-01-29-old.md": GOOD})
    head = content.commit(
        {
            "_posts/2024-01-29-old.md": None,
            "_posts/2024-01-30-new.md": GOOD,
            "_posts/2024-01-31-bad.md": "---\ntitle: Update: <b>\n---\nText.\n",
        }
    )
    (tmp_path / "syndicate.toml").write_text(SETTINGS)
    url = f"http://127.0.0.1:{host.server_port}"
    variables = VARIABLES | {"GITHUB_API_URL": url, "CI_API_V4_URL": url}
    command = [
        *(sys.executable, str(SCRIPT), "--host", name, "--request", "5", "--base", base),
        *("--head", head, "--syndicate", str(SYNDICATE), "--preview", "https://feeds.example.gov/"),
        *("--repository", "content"),
    ]
    for _ in range(2):
        run = subprocess.run(
            command, cwd=tmp_path, env=git_environment(variables), capture_output=True, check=False
        )
        assert run.returncode == 1, run.stderr.decode()

    (comment,) = host.comments
    assert "| \\_posts/2024-01-31-bad.md:2 | error |" in comment["body"]
    assert 'Write: title: "Update: &lt;b\\>"' in comment["body"]
    assert "A \\| post" in comment["body"]
    assert f"https://feeds.example.gov/check?rev={head}" in comment["body"]
    assert [(m, p) for m, p, _ in host.received if p == comments and m == "POST"] == [
        ("POST", comments)
    ]
    assert method in {m for m, _, _ in host.received}
    statuses = [body for _, path, body in host.received if "/statuses/" in path]
    assert [status["state"] for status in statuses] == [state] * 2


def test_problems_on_changed_lines_are_apart(host: Host, tmp_path: Path) -> None:
    """From those that the change causes elsewhere; GitHub shows the first at their lines."""
    content = ContentRepository.create(tmp_path / "content")
    first, second = "_posts/2024-01-29-one, 100%.md", "_posts/2024-01-30-two.md"
    base = content.commit({first: POST.format("a"), second: POST.format("b")})
    head = content.commit({first: POST.format("b") + "[Link]()\n"})
    (tmp_path / "syndicate.toml").write_text(SETTINGS)
    variables = VARIABLES | {"GITHUB_API_URL": f"http://127.0.0.1:{host.server_port}"}

    run = subprocess.run(
        [
            *(sys.executable, str(SCRIPT), "--host", "github", "--request", "5", "--base", base),
            *("--head", head, "--syndicate", str(SYNDICATE), "--repository", "content"),
        ],
        cwd=tmp_path,
        env=git_environment(variables),
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1, run.stderr
    assert run.stdout == (
        "::warning file=_posts/2024-01-29-one%2C 100%25.md,line=6::the link [Link]() leads nowhere."
        " Write the URL between the parentheses, or remove the link.\n"
    )
    (comment,) = host.comments
    changed, _, others = comment["body"].partition("**Problems elsewhere by this change: 1**")
    assert "**Problems on changed lines: 1**" in changed
    assert "| \\_posts/2024-01-29-one, 100%.md:6 | warning |" in changed
    assert "| \\_posts/2024-01-30-two.md:1 | error |" in others


def test_file_of_another_repository_is_not_one_of_the_change(host: Host, tmp_path: Path) -> None:
    """Although it has the same path: its source is named, and GitHub annotates nothing."""
    content = ContentRepository.create(tmp_path / "content")
    path = "_posts/2024-01-29-one.md"
    base = content.commit({path: POST.format("a")})
    other = ContentRepository.create(tmp_path / "other")
    other.commit({path: POST.format("b")})
    head = content.commit({path: POST.format("b")})
    settings = SETTINGS + SETTINGS.replace("news", "zoning").replace("content", "other")
    (tmp_path / "syndicate.toml").write_text(settings)
    variables = VARIABLES | {"GITHUB_API_URL": f"http://127.0.0.1:{host.server_port}"}

    run = subprocess.run(
        [
            *(sys.executable, str(SCRIPT), "--host", "github", "--request", "5", "--base", base),
            *("--head", head, "--syndicate", str(SYNDICATE), "--repository", "content"),
        ],
        cwd=tmp_path,
        env=git_environment(variables),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (run.returncode, run.stdout) == (1, ""), run.stderr
    (comment,) = host.comments
    assert "Problems on changed lines" not in comment["body"]
    assert "| zoning: \\_posts/2024-01-29-one.md:1 | error |" in comment["body"]


def test_failing_git_is_reported(host: Host, tmp_path: Path) -> None:
    """Rather than a review without lines."""
    content = ContentRepository.create(tmp_path / "content")
    base = content.commit({"_posts/2024-01-29-old.md": GOOD})
    head = content.commit({"_posts/2024-01-31-bad.md": "---\ntitle: [\n---\nText.\n"})
    (tmp_path / "syndicate.toml").write_text(SETTINGS)

    run = subprocess.run(
        [
            *(sys.executable, str(SCRIPT), "--host", "github", "--request", "5", "--base", base),
            *("--head", head, "--syndicate", str(SYNDICATE)),
        ],
        cwd=tmp_path,
        env=git_environment({"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}),
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    assert "git rev-parse failed" in run.stderr
    assert host.received == []
