"""Writes what a change of posts does as a comment and a status on its pull or merge request.

Needs Python 3.11, the command `syndicate`, and the whole history of both commits. Run by the GitHub
action and by the GitLab template beside this file.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote
from urllib.request import Request, urlopen

MARKER: Final = "<!-- syndicate -->"
"""By it the comment is found again, so that a pull request has one."""
MAX_ROWS: Final = 50
TIMEOUT_SECONDS: Final = 30
HUNK: Final = re.compile(rb"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
"""The header of a part of a diff: first line and number of lines in the new file."""
WORDS: Final = {
    "post.published": "appears",
    "post.updated": "changes",
    "post.removed": "vanishes",
}


def run_syndicate(arguments: argparse.Namespace, *command: str) -> Any:  # noqa: ANN401 — JSON
    """Return the JSON that a command of Syndicate prints; end with its message if it fails."""
    options = ["--config", arguments.config]
    result = subprocess.run(  # noqa: S603 — the command of the workflow
        [arguments.syndicate, *command, *options], capture_output=True, text=True, check=False
    )
    try:
        return json.loads(result.stdout)
    except json.JSONDecodeError:
        sys.exit(f"syndicate {command[0]} failed:\n{result.stderr}")


def run_git(arguments: argparse.Namespace, *command: str) -> bytes:
    """Return what git prints for a command; end with its message if it fails."""
    git = ("git", "-C", arguments.repository)
    result = subprocess.run(  # noqa: S603 — the commits of the workflow
        [*git, *command], capture_output=True, check=False
    )
    if result.returncode:
        sys.exit(f"git {command[0]} failed:\n{result.stderr.decode(errors='replace')}")
    return result.stdout


def changed_lines(arguments: argparse.Namespace, path: str) -> list[range]:
    """Return the lines of a file that the change adds or edits.

    Lines that are only removed have none in the new file.
    """
    options = ("--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")
    revisions = (arguments.base, arguments.head)
    diff = run_git(arguments, "diff", *options, *revisions, "--", f":(top,literal){path}")
    return [range(int(start), int(start) + int(count or 1)) for start, count in HUNK.findall(diff)]


def is_on_changed_line(problem: Mapping[str, Any], lines: Mapping[str, Sequence[range]]) -> bool:
    """Return whether a problem is of a line that the change adds or edits.

    A problem of a whole file is, if any line of the file is.
    """
    ranges = lines.get(problem["path"], ()) if problem["is_here"] else ()
    line = problem["line"]
    return any(line in each if line else len(each) > 0 for each in ranges)


def print_annotations(problems: Sequence[Mapping[str, Any]]) -> None:
    """Print workflow commands, by which GitHub shows problems at their lines in the change."""
    for problem in problems:
        text = escaped(f"{problem['what']}. {problem['hint']}", "%\r\n")
        path = escaped(problem["path"], "%\r\n:,")
        level = escaped(problem["level"], "%\r\n:,")
        print(f"::{level} file={path},line={problem['line'] or 1}::{text}")  # noqa: T201 — the output


def escaped(text: str, characters: str) -> str:
    """Return ``text`` with the ``characters`` percent-encoded, as workflow commands have them."""
    return "".join(f"%{ord(each):02X}" if each in characters else each for each in text)


def cell(text: object) -> str:
    """Return ``text`` for a cell of a table in Markdown, in which nothing is markup."""
    words = " ".join(str(text).split())
    for character in "\\`*_[]<>|@#":
        words = words.replace(character, f"\\{character}" if character != "<" else "&lt;")
    return words


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table in Markdown of the first rows."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows[:MAX_ROWS]]
    if len(rows) > MAX_ROWS:
        lines += ["", f"… and {len(rows) - MAX_ROWS} more."]
    return lines


def comment_text(
    problems: Mapping[str, Sequence[Mapping[str, Any]]],
    events: Sequence[Mapping[str, Any]],
    *,
    preview: str,
    revision: str,
) -> str:
    """Return the comment: problems that the change adds by heading, and posts that it changes."""
    lines = [MARKER, "### Posts in this change", ""]
    for heading, found in problems.items():
        if found:
            lines += [f"**{heading}: {len(found)}**", "", *problem_table(found), ""]
    if not any(problems.values()):
        lines += ["No new problems.", ""]
    rows = [event_row(event, preview, revision) for event in events]
    if rows:
        lines += [f"**Posts in feeds: {len(rows)}**", "", *table(("post", "", ""), rows)]
    else:
        lines.append("No post in feeds changes.")
    if preview:
        lines += ["", f"[What this branch changes]({preview}/check?rev={quote(revision, safe='')})"]
    return "\n".join(lines) + "\n"


def problem_table(problems: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the table of problems with their files and lines."""
    rows = [
        (
            cell(place(problem)),
            cell(problem["level"]),
            cell(f"{problem['what']}. {problem['hint']}"),
        )
        for problem in problems
    ]
    return table(("file", "level", "what to do"), rows)


def place(problem: Mapping[str, Any]) -> str:
    """Return file and line of a problem, with the source if it is of another repository."""
    if not problem["path"]:
        return str(problem["source"])
    name = f"{problem['path']}:{problem['line'] or 1}"
    return name if problem["is_here"] else f"{problem['source']}: {name}"


def event_row(event: Mapping[str, Any], preview: str, revision: str) -> tuple[str, str, str]:
    """Return the row of one post: its title, what happens, and a link to how it will be."""
    data = event["data"]
    post = data["post"]
    name = cell(post.get("title") or post["url"])
    details = ", ".join([data["reason"] or "", *data["changed"]]).strip(", ")
    effect = f"{WORDS[event['type']]} ({cell(details)})" if details else WORDS[event["type"]]
    query = f"post={quote(post['url'], safe='')}&rev={quote(revision, safe='')}"
    link = f"[explain]({preview}/explain?{query})" if preview else ""
    return name, effect, link


class Host:
    """The API of the git host; ``base`` is the URL of the repository or project in it."""

    def __init__(self, base: str, headers: Mapping[str, str]) -> None:
        self.base = base.rstrip("/")
        self.headers = {**headers, "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 — JSON
        """Return the response to a request; raises `OSError` for an error of the host."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.base + path, data, dict(self.headers), method=method)  # noqa: S310
        with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 — the host's URL
            return json.loads(response.read() or b"null")

    def write_comment(self, comments: str, comment: str, text: str, method: str) -> None:
        """Change the comment that has the marker, or add one.

        ``comments`` is the path of the list, ``comment`` that of one with ``{id}``.
        """
        page, found = 1, None
        while found is None:
            listed = self.call("GET", f"{comments}?per_page=100&page={page}")
            found = next((each for each in listed if MARKER in (each["body"] or "")), None)
            if not listed:
                break
            page += 1
        if found is None:
            self.call("POST", comments, {"body": text})
        else:
            self.call(method, comment.format(id=found["id"]), {"body": text})


def report_to_github(text: str, state: str, summary: str, arguments: argparse.Namespace) -> None:
    """Write comment and status of a pull request (REST API of GitHub, version 2022-11-28)."""
    host = Host(
        f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}",
        {
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Accept": "application/vnd.github+json",
        },
    )
    issue = f"/issues/{arguments.request}/comments"
    host.write_comment(issue, "/issues/comments/{id}", text, "PATCH")
    status = {"state": state, "context": "syndicate", "description": summary}
    if arguments.preview:
        status["target_url"] = f"{arguments.preview}/check?rev={quote(arguments.head, safe='')}"
    host.call("POST", f"/statuses/{arguments.head}", status)


def report_to_gitlab(text: str, state: str, summary: str, arguments: argparse.Namespace) -> None:
    """Write note and status of a merge request (REST API of GitLab, version 4)."""
    host = Host(
        f"{os.environ['CI_API_V4_URL']}/projects/{os.environ['CI_PROJECT_ID']}",
        {"PRIVATE-TOKEN": os.environ["SYNDICATE_REVIEW_TOKEN"]},
    )
    notes = f"/merge_requests/{arguments.request}/notes"
    host.write_comment(notes, notes + "/{id}", text, "PUT")
    status = {
        "state": {"failure": "failed"}.get(state, state),
        "name": "syndicate",
        "description": summary,
    }
    host.call("POST", f"/statuses/{arguments.head}", status)


REPORTS: Final = {"github": report_to_github, "gitlab": report_to_gitlab}


def main() -> None:
    """Check, compare, comment; exit 1 if the change adds errors or warnings."""
    parser = argparse.ArgumentParser(description="Comment on a change of posts.")
    parser.add_argument("--host", choices=sorted(REPORTS), required=True)
    parser.add_argument("--request", required=True, help="number of the pull or merge request")
    parser.add_argument("--base", required=True, help="commit that the change is compared with")
    parser.add_argument("--head", required=True, help="last commit of the change")
    parser.add_argument("--config", default="syndicate.toml")
    parser.add_argument("--preview", default="", help="URL of the running service")
    parser.add_argument("--repository", default=".", help="folder of the repository of posts")
    parser.add_argument("--syndicate", default="syndicate", help="the command")
    arguments = parser.parse_args()
    arguments.preview = arguments.preview.rstrip("/")
    revisions = f"{arguments.base}..{arguments.head}"
    problems = run_syndicate(arguments, "check", "--format", "json", "--rev", revisions)
    events = run_syndicate(arguments, "diff", arguments.base, arguments.head, "--json")
    is_failure = any(problem["level"] != "notice" for problem in problems)
    # Sources of other repositories do not have the commit, but may have a file of the same path.
    head = run_git(arguments, "rev-parse", "--verify", f"{arguments.head}^{{commit}}")
    for problem in problems:
        problem["is_here"] = problem["commit"] == head.decode().strip()
    lines = {
        path: changed_lines(arguments, path)
        for path in sorted({each["path"] for each in problems if each["is_here"]} - {""})
    }
    on_lines = [problem for problem in problems if is_on_changed_line(problem, lines)]
    others = [problem for problem in problems if problem not in on_lines]
    if arguments.host == "github":
        print_annotations(on_lines)
    summary = f"{len(problems)} new problems, {len(events)} posts change in feeds"
    text = comment_text(
        {"Problems on changed lines": on_lines, "Problems elsewhere by this change": others},
        events,
        preview=arguments.preview,
        revision=arguments.head,
    )
    REPORTS[arguments.host](text, "failure" if is_failure else "success", summary, arguments)
    sys.exit(is_failure)


if __name__ == "__main__":
    main()
