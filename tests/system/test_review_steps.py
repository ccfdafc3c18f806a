"""The shell lines of the review, run as on GitHub and GitLab, with a stand-in of the host's API."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.content_repository import git_environment
from tests.project_copy import ProjectCopy
from tests.project_documents import ROOT
from tests.system.test_github_action import (
    BROKEN,
    GOOD,
    SETTINGS,
    ActionRunner,
    open_pull_request,
)
from tests.system.test_review import VARIABLES, Host, serve_host

REVIEW: Final = ROOT / "deploy" / "review"
ACTION: Final[dict[str, Any]] = yaml.safe_load((REVIEW / "action.yml").read_text())
JOB: Final[dict[str, Any]] = yaml.safe_load((REVIEW / "gitlab.yml").read_text())["review-posts"]
PREVIEW: Final = "https://feeds.example.gov"


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A checkout of a change, a copy of this project, and the host that the change is on."""

    runner: ActionRunner
    project: ProjectCopy
    host: Host

    def run(self, lines: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run shell ``lines`` in the checkout, until one fails."""
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", lines],
            cwd=self.runner.workspace,
            env={**git_environment(VARIABLES), "CI": "true", **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def url(self) -> str:
        """The URL of the API."""
        return f"http://127.0.0.1:{self.host.server_port}"

    @property
    def comment(self) -> str:
        """The only comment."""
        (comment,) = self.host.comments
        return str(comment["body"])

    @property
    def states(self) -> list[str]:
        """The states of commits that were reported."""
        return [body["state"] for _, path, body in self.host.received if "/statuses/" in path]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Return a checkout of a repository with settings, a good post and a broken one."""
    runner = ActionRunner(tmp_path)
    runner.origin.commit(
        {
            "syndicate.toml": SETTINGS.format(repository="."),
            "_posts/2024-01-01-old.md": BROKEN,
            "_posts/2024-01-02-post.md": GOOD,
        }
    )
    project = ProjectCopy(tmp_path / "syndicate", 0)
    project.mark_as_set_up()
    with serve_host() as host:
        yield Workspace(runner=runner, project=project, host=host)


def run_action(workspace: Workspace) -> subprocess.CompletedProcess[str]:
    """Run every shell step of the action, and return the first that fails, or the last."""
    origin = workspace.runner.origin
    values = {
        "inputs.config": "syndicate.toml",
        "inputs.preview": PREVIEW,
        "inputs.token": "made-up",
        "steps.python.outputs.python-path": sys.executable,
        "github.event.pull_request.base.sha": origin.head("main"),
        "github.event.pull_request.head.sha": origin.head("change"),
        "github.event.pull_request.number": "7",
    }
    given = {f"${{{{ {name} }}}}": value for name, value in values.items()}
    runner_variables = {
        "GITHUB_ACTION_PATH": str(workspace.project.folder / "deploy" / "review"),
        "GITHUB_WORKSPACE": str(workspace.runner.workspace),
        "GITHUB_API_URL": workspace.url,
    }
    outputs = []
    for step in ACTION["runs"]["steps"]:
        if "run" in step:
            variables = {name: given[text] for name, text in step.get("env", {}).items()}
            outputs.append(workspace.run(step["run"], runner_variables | variables))
            if outputs[-1].returncode:
                break
    return outputs[-1]


def test_action_comments_on_a_broken_post(workspace: Workspace) -> None:
    """With an annotation at its line, and a status that fails; what the base has is left out."""
    open_pull_request(workspace.runner, BROKEN)

    completed = run_action(workspace)

    assert completed.returncode == 1, completed.stderr
    assert completed.stdout.startswith("::error file=_posts/2024-02-01-new.md,line=")
    assert "**Problems on changed lines: 1**" in workspace.comment
    assert "| \\_posts/2024-02-01-new.md:" in workspace.comment
    assert "2024-01-01-old" not in workspace.comment
    assert workspace.states == ["failure"]
    head = workspace.runner.origin.head("change")
    assert f"{PREVIEW}/check?rev={head}" in workspace.comment
    assert [path for method, path, _ in workspace.host.received if method == "POST"] == [
        "/repos/agency/posts/issues/7/comments",
        f"/repos/agency/posts/statuses/{head}",
    ]


def test_action_passes_for_a_good_post(workspace: Workspace) -> None:
    """It says which post appears, from the whole history of a shallow checkout."""
    open_pull_request(workspace.runner, GOOD)

    completed = run_action(workspace)

    assert completed.returncode == 0, completed.stderr
    assert "No new problems." in workspace.comment
    assert "| A post | appears (new) |" in workspace.comment
    assert workspace.states == ["success"]
    assert completed.stdout == ""


def run_job(workspace: Workspace) -> subprocess.CompletedProcess[str]:
    """Run the lines of the job of GitLab, with its commands from this Python."""
    project, runner = workspace.project, workspace.runner
    project.git("init", "--quiet", "--initial-branch", "trunk")
    project.git("add", "deploy")
    project.git("commit", "--quiet", "--message", "Copy the project")
    commands = project.folder.parent / "bin"
    commands.mkdir()
    for name in ("python", "syndicate"):
        (project.folder / ".venv" / "bin" / name).rename(commands / name)
    pip = commands / "pip"
    pip.write_text('#!/bin/sh\necho "pip $*"\n')  # the packages are installed already
    pip.chmod(0o755)
    path = git_environment()["PATH"]
    variables = {
        **JOB["variables"],
        "PATH": f"{commands}:{path}",
        "SYNDICATE_URL": project.folder.as_uri(),
        "SYNDICATE_PREVIEW": PREVIEW,
        "CI_API_V4_URL": workspace.url,
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_COMMIT_SHA": runner.origin.head("change"),
    }
    runner.check_out("refs/heads/change")
    runner.git("fetch", "--quiet", "--unshallow", "origin", "change")  # as GIT_DEPTH of 0 does
    return workspace.run("\n".join(JOB["script"]), variables)


def open_merge_request(workspace: Workspace, post: str) -> None:
    """Add ``post`` on a branch."""
    workspace.runner.origin.create_branch("change")
    workspace.runner.origin.commit({"_posts/2024-02-01-new.md": post}, branch="change")


def test_job_comments_on_a_broken_post(workspace: Workspace) -> None:
    """With a report that GitLab shows at the lines of the change."""
    open_merge_request(workspace, BROKEN)

    completed = run_job(workspace)

    assert completed.returncode == 1, completed.stderr
    assert completed.stdout == "pip install --quiet ./.syndicate\n"
    assert "**Problems on changed lines: 1**" in workspace.comment
    assert workspace.states == ["failed"]
    report = workspace.runner.workspace / JOB["artifacts"]["reports"]["codequality"]
    (entry,) = yaml.safe_load(report.read_text())
    assert entry["location"]["path"] == "_posts/2024-02-01-new.md"
    assert [path for method, path, _ in workspace.host.received if method == "POST"] == [
        "/projects/3/merge_requests/7/notes",
        f"/projects/3/statuses/{workspace.runner.origin.head('change')}",
    ]


def test_job_passes_for_a_good_post(workspace: Workspace) -> None:
    """Its status is that of GitLab, and the report is empty."""
    open_merge_request(workspace, GOOD)

    completed = run_job(workspace)

    assert completed.returncode == 0, completed.stderr
    assert workspace.states == ["success"]
    assert "| A post | appears (new) |" in workspace.comment


def test_shell_steps_hold_no_workflow_expression() -> None:
    """Inputs reach the shell as variables, never as part of a command."""
    steps = [step for step in ACTION["runs"]["steps"] if "run" in step]
    assert len(steps) == 3
    assert not any("${{" in step["run"] for step in steps)
