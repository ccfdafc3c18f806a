"""`make serve` serves the sample posts wherever the project is, and prints what it serves."""

import re
import shutil
import socket
from pathlib import Path

import pytest

from tests.project_copy import TIMEOUT_SECONDS, ProjectCopy
from tests.running_service import free_port


@pytest.fixture
def project(tmp_path: Path) -> ProjectCopy:
    """Return the project, copied to a folder with a space in its name."""
    return ProjectCopy(tmp_path / "my project", free_port())


def test_last_commit_is_served_and_named(project: ProjectCopy) -> None:
    """The commit is printed, on any branch, and the printed commands work."""
    commit = project.commit()
    edited = project.folder / "content" / "program-updates" / "letters-people-can-act-on.md"
    edited.write_text("an edit that nobody committed\n")
    with project.run_service() as printed:
        assert f'commit {commit}, "Write the posts"' in printed
        assert "Uncommitted edits are not served" in printed
        assert "only here" in printed
        curls = re.findall(r"^ +curl '?(http\S+?)'?$", printed, re.MULTILINE)
        assert len(curls) == 3
        for url in curls:
            project.wait_for(url)
        assert len(project.ids()) == 10
        project.wait_for(project.url("/feeds/all.json"), "Half of the people")


def test_a_commit_is_served_while_it_runs(project: ProjectCopy) -> None:
    """A new commit is served without a restart."""
    project.commit()
    with project.run_service():
        post = project.folder / "content" / "news-and-blog" / "2025-11-01-a-new-post.md"
        post.write_text("---\ntitle: Written just now\n---\nHello.\n")
        project.git("add", "content")
        project.git("commit", "--quiet", "--message", "Write one more")
        project.wait_for(project.url("/feeds/all.json"), "Written just now")
        assert len(project.ids()) == 11


def test_sample_repository_is_created_without_history(project: ProjectCopy) -> None:
    """Edits are served at the next start; ids do not depend on the day."""
    with project.run_service() as printed:
        assert "this folder is no git repository" in printed
        assert "next `make serve`" in printed
        before = project.ids()
        assert len(before) == 10
        assert all(",2025-11-20:" in post_id for post_id in before)
    edited = project.folder / "content" / "program-updates" / "letters-people-can-act-on.md"
    edited.write_text(edited.read_text().replace("Half of the people", "Many people"))
    with project.run_service():
        assert project.ids() == before
        project.wait_for(project.url("/feeds/all.json"), "Many people")


def test_sample_repository_is_created_for_a_shallow_clone(
    project: ProjectCopy, tmp_path: Path
) -> None:
    """Ids would depend on the depth of the clone."""
    project.commit()
    project.git("commit", "--quiet", "--allow-empty", "--message", "Nothing")
    project.git("clone", "--quiet", "--depth", "1", project.folder.as_uri(), str(tmp_path / "cut"))
    shutil.rmtree(project.folder / ".git")
    (tmp_path / "cut" / ".git").rename(project.folder / ".git")
    with project.run_service() as printed:
        assert "git fetch --unshallow" in printed
        assert len(project.ids()) == 10


def test_port_in_use_is_reported_with_a_command(project: ProjectCopy) -> None:
    """No service is started."""
    with socket.create_server(("127.0.0.1", project.port)), project.start() as process:
        printed, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 1
    assert f"Port {project.port} cannot be used: Address already in use" in printed
    assert "SYNDICATE_SERVICE__PORT=8001 make serve" in printed
