"""What a command writes into a content repository stays out of its commits."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.content_repository import git_environment

SETTINGS = """
[[sources]]
name = "news"
repository = "{repository}"
folders = ["posts"]
dialect = "jekyll"
site_url = "https://www.example.gov"
"""


def git(folder: Path, *arguments: str) -> str:
    """Run git in ``folder`` and return what it prints."""
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(
        command, env=git_environment(), check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a content repository with a worktree, one post and a `syndicate.toml`."""
    folder = tmp_path / "content"
    (folder / "posts").mkdir(parents=True)
    (folder / "posts" / "2024-01-02-post.md").write_text("---\ntitle: A post\n---\nText.\n")
    (folder / "syndicate.toml").write_text(SETTINGS.format(repository="."))
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Add a post")
    return folder


def added(repository: Path) -> list[str]:
    """Return the paths that ``git add --all`` adds or changes."""
    git(repository, "add", "--all")
    return git(repository, "diff", "--cached", "--name-only").splitlines()


@pytest.mark.parametrize(
    "command",
    [
        ("check",),
        ("doctor",),
        ("show", "/feeds/all.json"),
        ("explain", "posts/2024-01-02-post.md"),
        ("refresh",),
        ("db", "upgrade"),
        ("tokens", "create", "--role", "partner", "--name", "news"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_git_add_finds_nothing_that_a_command_wrote(
    run: Run, repository: Path, command: tuple[str, ...]
) -> None:
    """With the settings in the content repository, as `docs/how-to/check-content.md` has it."""
    run(*command, "--config", repository / "syndicate.toml")
    assert list((repository / "var").iterdir())
    assert added(repository) == []


def test_git_add_finds_no_mirror(run: Run, repository: Path) -> None:
    """A source that is mirrored leaves nothing either."""
    settings = repository / "syndicate.toml"
    settings.write_text(SETTINGS.format(repository=repository.as_uri()))
    git(repository, "commit", "--quiet", "--all", "--message", "Name the source by its URL")
    assert run("refresh", "--config", settings).code == 0
    assert list((repository / "var" / "mirrors").glob("*.git"))
    assert added(repository) == []


def test_git_add_finds_no_settings_folder_of_init(run: Run, repository: Path) -> None:
    """Only the file that `init` was called to write is new."""
    (repository / "syndicate.toml").unlink()
    git(repository, "commit", "--quiet", "--all", "--message", "Remove the settings")
    run("init", repository.as_uri(), "--out", repository / "syndicate.toml")
    assert added(repository) == ["syndicate.toml"]
