"""The hook of `.pre-commit-hooks.yaml`, run by the real pre-commit on a real `git push`.

Installing the hook's environment needs a package index, which tests do not use: `.ci/run` lets
pre-commit install it. Here the hook runs in the environment of the tests.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.content_repository import git_environment
from tests.project_documents import ROOT

HOOKS = ROOT / ".pre-commit-hooks.yaml"
SETTINGS = """
[[sources]]
name = "news"
repository = "."
folders = ["_posts"]
dialect = "jekyll"
site_url = "https://www.example.gov"
"""
GOOD = "---\ntitle: A post\n---\nText.\n"


class Clone:
    """A clone of a content repository with our hook, and the remote it pushes to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "clone"
        self.environment = {
            **git_environment(),
            "PRE_COMMIT_HOME": str(folder / "pre-commit"),
            "PATH": f"{folder}:{git_environment()['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
        }
        command = folder / "syndicate"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m syndicate "$@"\n')
        command.chmod(0o755)
        self.folder.mkdir()
        self.run("git", "init", "--quiet", "--bare", "../remote.git")
        self.run("git", "init", "--quiet", "--initial-branch", "main")
        self.run("git", "remote", "add", "origin", "../remote.git")
        (hook,) = yaml.safe_load(HOOKS.read_text())
        local = {**hook, "language": "system", "files": "^_posts/"}
        config = {"repos": [{"repo": "local", "hooks": [local]}]}
        self.write(".pre-commit-config.yaml", yaml.safe_dump(config))
        self.write("syndicate.toml", SETTINGS)
        self.pre_commit("install", "--hook-type", "pre-push")

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the clone."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            check=check,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def pre_commit(self, *arguments: str) -> str:
        """Run pre-commit and return its output."""
        return self.run(sys.executable, "-m", "pre_commit", *arguments).stdout

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        file = self.folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    def push(self, *posts: tuple[str, str]) -> tuple[int, str]:
        """Commit everything with ``posts`` and push; return the exit code and the output."""
        for name, text in posts:
            self.write(f"_posts/{name}.md", text)
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", "Write posts")
        pushed = self.run("git", "push", "--quiet", "origin", "main", check=False)
        return pushed.returncode, pushed.stdout

    @property
    def files(self) -> set[str]:
        """The files in the remote."""
        output = self.run("git", "-C", "../remote.git", "ls-tree", "-r", "--name-only", "main")
        return set(output.stdout.split())


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Return a clone without posts."""
    return Clone(tmp_path)


def test_pre_commit_accepts_the_manifest(clone: Clone) -> None:
    """No key is unknown or missing."""
    assert clone.pre_commit("validate-manifest", str(HOOKS)) == ""


def test_push_of_good_posts_passes_with_nothing_added_by_the_check(clone: Clone) -> None:
    """No push contains the cache that the check creates."""
    for day in ("01", "02"):
        code, output = clone.push((f"2024-01-{day}-post", GOOD))
        assert code == 0, output
    assert clone.files == {
        ".pre-commit-config.yaml",
        "syndicate.toml",
        *(f"_posts/2024-01-{day}-post.md" for day in ("01", "02")),
    }


def test_push_of_a_broken_post_is_refused_with_its_line(clone: Clone) -> None:
    """The remote does not receive the post."""
    clone.push(("2024-01-01-post", GOOD))
    before = clone.files

    code, output = clone.push(("2024-01-02-broken", "---\ntitle: [\n---\nText.\n"))

    assert code == 1
    assert "_posts/2024-01-02-broken.md:2: error: the list of title is not closed" in output
    assert clone.files == before


def test_push_of_other_files_runs_no_check(clone: Clone) -> None:
    """An existing broken post does not stop a push of other files."""
    clone.push(("2024-01-01-post", GOOD))
    clone.write("README.md", "# Posts\n")

    code, output = clone.push()

    assert (code, "check posts" in output and "Failed" in output) == (0, False)
