"""The shell steps of `action.yml`, run as on GitHub, on a real repository of posts."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.content_repository import ContentRepository, git_environment
from tests.project_documents import ROOT

ACTION: Final[dict[str, Any]] = yaml.safe_load((ROOT / "action.yml").read_text())
GOOD: Final = "---\ntitle: A post\n---\nText.\n"
BROKEN: Final = "---\ntitle: [\n---\nText.\n"
SETTINGS: Final = """
[[sources]]
name = "news"
repository = "{repository}"
folders = ["_posts"]
dialect = "jekyll"
site_url = "https://www.example.gov"
"""


@dataclass(frozen=True, kw_only=True)
class ActionResult:
    """The exit code of the first failed step, the output, and the summary."""

    code: int
    output: str
    summary: str


class ActionRunner:
    """A runner with a checkout of a repository, made as `actions/checkout` does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = folder / "work" / "a repository"
        self.origin = ContentRepository.create(folder / "origin.git", bare=True)

    def git(self, *arguments: str) -> str:
        """Run git in the workspace."""
        command = ["git", "-C", str(self.workspace), *arguments]
        return subprocess.run(
            command, env=git_environment(), check=True, capture_output=True, text=True
        ).stdout

    def check_out(self, ref: str) -> None:
        """Fetch one commit without history and check it out."""
        self.workspace.mkdir(parents=True)
        self.git("init", "--quiet")
        self.git("remote", "add", "origin", self.origin.path.as_uri())
        self.git("fetch", "--quiet", "--no-tags", "--depth=1", "origin", f"+{ref}:refs/remotes/x")
        self.git("checkout", "--quiet", "--detach", "refs/remotes/x")

    def run(self, *, base: str = "", **inputs: str) -> ActionResult:
        """Run every shell step of the action, until one fails."""
        summary = self.folder / "summary.md"
        summary.touch()
        values = {
            name: definition["default"] for name, definition in ACTION["inputs"].items()
        } | inputs
        given = {f"${{{{ inputs.{name} }}}}": value for name, value in values.items()}
        given["${{ steps.python.outputs.python-path }}"] = sys.executable
        output, code = "", 0
        for step in ACTION["runs"]["steps"]:
            if "run" not in step or code:
                continue
            completed = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.workspace,
                env={
                    **git_environment(),
                    "CI": "true",
                    "GITHUB_ACTIONS": "true",
                    "GITHUB_ACTION_PATH": str(ROOT),
                    "GITHUB_WORKSPACE": str(self.workspace),
                    "GITHUB_STEP_SUMMARY": str(summary),
                    "GITHUB_BASE_REF": base,
                    "RUNNER_TEMP": str(self.folder),
                    "PIP_NO_INDEX": "1",  # the packages are installed already
                    **{name: given[text] for name, text in step.get("env", {}).items()},
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            output, code = output + completed.stdout, completed.returncode
        return ActionResult(code=code, output=output, summary=summary.read_text())


@pytest.fixture
def runner(tmp_path: Path) -> ActionRunner:
    """Return a runner whose repository has settings, a good post and a broken one."""
    action_runner = ActionRunner(tmp_path)
    action_runner.origin.commit(
        {
            "syndicate.toml": SETTINGS.format(repository="."),
            "_posts/2024-01-01-old.md": BROKEN,
            "_posts/2024-01-02-post.md": GOOD,
        }
    )
    return action_runner


def open_pull_request(runner: ActionRunner, post: str) -> None:
    """Add ``post`` on a branch, move the base, and check out the merge as GitHub does."""
    origin = runner.origin
    origin.create_branch("change")
    origin.commit({"_posts/2024-02-01-new.md": post}, branch="change")
    origin.commit({"_posts/2024-01-03-meanwhile.md": BROKEN})
    tree = origin.git("merge-tree", "--write-tree", "main", "change")
    commit = origin.git("commit-tree", tree, "-p", "main", "-p", "change", "-m", "Merge")
    origin.git("update-ref", "refs/pull/7/merge", commit)
    runner.check_out("refs/pull/7/merge")


def test_pull_request_with_a_broken_post_fails_with_an_annotation(runner: ActionRunner) -> None:
    """Only new problems are reported, at their line and in the summary."""
    open_pull_request(runner, BROKEN)

    outcome = runner.run(base="main")

    assert outcome.code == 1
    (annotation,) = [line for line in outcome.output.splitlines() if line.startswith("::")]
    assert annotation.startswith("::error file=_posts/2024-02-01-new.md,line=")
    assert "    _posts/2024-02-01-new.md:" in outcome.summary
    assert "1 error." in outcome.summary
    assert "2024-01-01-old" not in outcome.output + outcome.summary


def test_pull_request_with_a_good_post_passes(runner: ActionRunner) -> None:
    """Broken posts in the base do not fail the check."""
    open_pull_request(runner, GOOD)

    outcome = runner.run(base="main")

    assert (outcome.code, "::" in outcome.output) == (0, False), outcome.output
    assert outcome.summary == "    No problems found.\n"


def test_push_checks_every_post(runner: ActionRunner) -> None:
    """Without a base branch, all problems of the checkout are reported."""
    runner.check_out("refs/heads/main")

    outcome = runner.run()

    assert outcome.code == 1
    assert "::error file=_posts/2024-01-01-old.md" in outcome.output


def test_dates_come_from_the_whole_history_of_a_shallow_checkout(runner: ActionRunner) -> None:
    """The check fetches all commits, and leaves no new files."""
    open_pull_request(runner, GOOD)
    assert runner.git("rev-list", "--count", "HEAD").strip() == "1"

    runner.run(base="main")

    assert runner.git("rev-list", "--count", "HEAD").strip() == "4"
    assert runner.git("status", "--porcelain") == ""


def test_settings_file_can_be_chosen(runner: ActionRunner) -> None:
    """The input `config` names it; spaces are allowed."""
    settings = SETTINGS.format(repository="../..")
    runner.origin.commit(
        {"syndicate.toml": None, "a b/c/feeds.toml": settings, "_posts/2024-01-01-old.md": GOOD}
    )
    runner.check_out("refs/heads/main")

    outcome = runner.run(config="a b/c/feeds.toml")

    assert outcome.code == 0, outcome.output


def test_shell_steps_hold_no_workflow_expression() -> None:
    """Inputs reach the shell as variables, never as part of a command."""
    steps = [step for step in ACTION["runs"]["steps"] if "run" in step]
    assert len(steps) == 3
    assert not any("${{" in step["run"] for step in steps)
