"""The files in the worktree of a repository, committed or not.

They are read as one more commit in a scratch repository, which borrows the objects of the real one.
Neither the index nor the objects of the real repository are changed.
"""

import os
import pathlib
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self

from syndicate.git.command import isolated_environment, run_git
from syndicate.git.errors import error_from_stderr
from syndicate.git.history import folder_pathspecs
from syndicate.git.open_repository import RepositoryLayout, find_repository, scratch_repository
from syndicate.git.repository_location import RepositoryLocation
from syndicate.model.post import Path

BRANCH: Final = "worktree"
"""The branch of the scratch repository."""
_IDENTITY: Final = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "Worktree"), ("EMAIL", "worktree@localhost"))
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Worktree:
    """The worktree in ``folder``; every failure is a `RepositoryError`."""

    location: RepositoryLocation
    layout: RepositoryLayout
    folder: pathlib.Path

    @classmethod
    def find(cls, location: str, *, source_name: str) -> Self | None:
        """Return the worktree of the repository at ``location``.

        None for a remote or bare repository, and for the folder ``.git``, which have no files.
        """
        parsed = RepositoryLocation.parse(location, source_name=source_name)
        if parsed.is_remote:
            return None
        layout = find_repository(parsed, parsed.path_or_url)
        folder = pathlib.Path(os.path.realpath(parsed.path_or_url))
        if folder == layout.git_dir or not (folder / ".git").exists():
            return None
        return cls(location=parsed, layout=layout, folder=folder)

    def uncommitted_files(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        """Return the files below ``folders`` that differ from the last commit, by path."""
        environment = isolated_environment(
            {"GIT_DIR": str(self.layout.git_dir), "GIT_WORK_TREE": str(self.folder)}
        )
        output = self._run(
            environment,
            *("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--"),
            *folder_pathspecs(folders),
        )
        return tuple(Path(os.fsdecode(entry[3:])) for entry in output.split(b"\0") if entry)

    def commit_to(self, scratch: pathlib.Path) -> None:
        """Make a bare repository in ``scratch``, whose branch `BRANCH` has the files as they are.

        Its last commit is a child of the last commit of the worktree. Files that git ignores are
        left out.
        """
        repository = scratch_repository(self.location, scratch, self.layout.object_format)
        objects = repository / "objects"
        (objects / "info").mkdir(parents=True)
        (objects / "info" / "alternates").write_bytes(
            os.fsencode(self.layout.common_dir / "objects") + b"\n"
        )
        (repository / "info").mkdir()
        # With the index, which may be in two files, files that did not change are not read again.
        git_dir, common_dir = self.layout.git_dir, self.layout.common_dir
        for file in (git_dir / "index", *git_dir.glob("sharedindex.*"), common_dir / "shallow"):
            with suppress(FileNotFoundError):
                shutil.copyfile(file, repository / file.name)
        with suppress(FileNotFoundError):
            shutil.copyfile(common_dir / "info" / "exclude", repository / "info" / "exclude")
        environment = isolated_environment(
            {"GIT_DIR": str(repository), "GIT_WORK_TREE": str(self.folder), **_IDENTITY}
        )
        real = isolated_environment({"GIT_DIR": str(self.layout.git_dir)})
        head = run_git("rev-parse", "--verify", "--quiet", "HEAD^{commit}", environment=real).stdout
        parent = ("-p", os.fsdecode(head).strip()) if head else ()
        self._run(environment, "add", "--all", ".")
        tree = os.fsdecode(self._run(environment, "write-tree")).strip()
        commit = self._run(environment, "commit-tree", *parent, "-m", "Uncommitted files", tree)
        branch = f"refs/heads/{BRANCH}"
        self._run(environment, "update-ref", branch, os.fsdecode(commit).strip())

    def _run(self, environment: dict[str, str], *arguments: str) -> bytes:
        result = run_git("-C", str(self.folder), *arguments, environment=environment)
        if result.exit_code:
            raise error_from_stderr(self.location, result.stderr)
        return result.stdout
