"""Content repositories for tests: commits made with real git, with reproducible ids.

They do not depend on the git configuration of the user or the machine. Commits are written with
``git fast-import``, so that any file name, link or merge takes one line, also in a bare repository.
"""

import os
import pathlib
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Self

FIRST_COMMIT_AT: Final = datetime(2024, 1, 1, 12, tzinfo=UTC)
"""The default time of the first commit; each further one is a minute later."""

AUTHOR: Final = "Ada Editor <ada@example.gov>"


@dataclass(frozen=True)
class Symlink:
    """A symbolic link to ``target``, in place of the text of a file."""

    target: str


@dataclass(frozen=True)
class Submodule:
    """Another repository at ``commit``, in place of the text of a file."""

    commit: str


@dataclass(frozen=True)
class Executable:
    """An executable file with ``text``."""

    text: str


Content = str | bytes | None | Symlink | Submodule | Executable
"""The content of a path after a commit: text, bytes, one of the above, or None for no file."""


def git_environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a git command: the repository's configuration only."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada Editor",
        "GIT_AUTHOR_EMAIL": "ada@example.gov",
        "GIT_COMMITTER_NAME": "Ada Editor",
        "GIT_COMMITTER_EMAIL": "ada@example.gov",
        "GIT_AUTHOR_DATE": FIRST_COMMIT_AT.isoformat(),
        "GIT_COMMITTER_DATE": FIRST_COMMIT_AT.isoformat(),
        "LC_ALL": "C",
        **(variables or {}),
    }


@dataclass
class ContentRepository:
    """A git repository at ``path`` for the posts of a test; see `create`."""

    path: pathlib.Path
    bare: bool = False
    branch: str = "main"
    now: datetime = field(default=FIRST_COMMIT_AT)

    @classmethod
    def create(
        cls,
        path: pathlib.Path,
        *,
        bare: bool = False,
        branch: str = "main",
        object_format: str = "sha1",
    ) -> Self:
        """Create an empty repository at ``path`` whose HEAD names ``branch``."""
        repository = cls(path=path, bare=bare, branch=branch)
        path.mkdir(parents=True, exist_ok=True)
        bare_option = ["--bare"] if bare else []
        repository.git(
            "init",
            "-q",
            "--template=",  # no samples of hooks, which take most of the time
            *bare_option,
            f"--initial-branch={branch}",
            "--object-format",
            object_format,
        )
        (repository._git_folder / "info").mkdir()
        return repository

    def git(
        self, *arguments: str, stdin: bytes = b"", variables: Mapping[str, str] | None = None
    ) -> str:
        """Run a git command in the repository and return its output, stripped.

        It does not wait for the disk, since no test simulates a power loss.
        """
        completed = subprocess.run(
            ["git", "-c", "core.fsync=none", *arguments],
            cwd=self.path,
            env=git_environment(variables),
            input=stdin,
            capture_output=True,
            check=False,
        )
        if completed.returncode:
            raise AssertionError(f"git {arguments}: {os.fsdecode(completed.stderr)}")
        return os.fsdecode(completed.stdout).strip()

    def commit(
        self,
        files: Mapping[str, Content] | None = None,
        message: str = "Edit the content",
        *,
        committed: datetime | None = None,
        branch: str = "",
        moves: Mapping[str, str] | None = None,
    ) -> str:
        """Commit ``files`` to ``branch`` (default: that of the repository) and return the id.

        ``moves`` (old path: new path, also of folders) come before ``files``. If the work tree is
        at this branch, it is updated.
        """
        lines = [b"R %s %s" % (_quote(old), _quote(new)) for old, new in (moves or {}).items()]
        lines += [_line(path, content) for path, content in (files or {}).items()]
        return self._write(branch or self.branch, lines, message, committed or self.now)

    def merge(self, merged_branch: str, files: Mapping[str, Content] | None = None) -> str:
        """Commit ``files`` with the branch ``other`` as second parent, and return the id.

        The tree is that of the repository's branch plus ``files``; nothing else is merged.
        """
        lines = [b"merge %s" % os.fsencode(merged_branch)]
        lines += [_line(path, content) for path, content in (files or {}).items()]
        return self._write(self.branch, lines, f"Merge {merged_branch}", self.now)

    def rename(self, old: str, new: str, *, committed: datetime | None = None) -> str:
        """Commit the move of a file or folder and return the id."""
        return self.commit(moves={old: new}, message=f"Move {old}", committed=committed)

    def head(self, branch: str = "") -> str:
        """Return the commit of ``branch``, or "" if there is none."""
        name = f"refs/heads/{branch or self.branch}"
        loose_ref = self._git_folder / name
        if loose_ref.is_file():
            return loose_ref.read_text().strip()
        return self.git("for-each-ref", "--format=%(objectname)", name)

    def reset(self, revision: str, *, branch: str = "") -> str:
        """Move ``branch`` to any ``revision``, as a force-push does, and return its commit."""
        branch = branch or self.branch
        self.git("update-ref", f"refs/heads/{branch}", self.git("rev-parse", revision))
        self._update_work_tree(branch)
        return self.head(branch)

    def create_branch(self, branch: str, revision: str = "") -> str:
        """Create ``branch`` at ``revision`` (default: the head) and return its commit."""
        return self.reset(revision or self.branch, branch=branch)

    def _write(self, branch: str, lines: list[bytes], message: str, committed: datetime) -> str:
        parent, text = self.head(branch), message.encode()
        stream = [
            b"commit refs/heads/%s" % os.fsencode(branch),
            b"committer %s %d +0000" % (AUTHOR.encode(), committed.timestamp()),
            b"data %d\n%s" % (len(text), text),
            *([b"from %s" % parent.encode()] if parent else []),
            *lines,
            b"",
        ]
        self.git("fast-import", "--quiet", "--force", stdin=b"\n".join(stream))
        self.now = committed + timedelta(minutes=1)
        self._update_work_tree(branch)
        return self.head(branch)

    @property
    def _git_folder(self) -> pathlib.Path:
        return self.path if self.bare else self.path / ".git"

    def _update_work_tree(self, branch: str) -> None:
        head = f"ref: refs/heads/{branch}\n"
        if not self.bare and (self._git_folder / "HEAD").read_text() == head:
            self.git("reset", "-q", "--hard")


def _line(path: str, content: Content) -> bytes:
    match content:
        case None:
            return b"D " + _quote(path)
        case Submodule(commit):
            return b"M 160000 %s %s" % (commit.encode(), _quote(path))
        case Symlink(target):
            return _file(b"120000", path, target.encode())
        case Executable(text):
            return _file(b"100755", path, text.encode())
        case str():
            return _file(b"100644", path, content.encode())
        case bytes():
            return _file(b"100644", path, content)


def _file(mode: bytes, path: str, content: bytes) -> bytes:
    return b"M %s inline %s\ndata %d\n%s" % (mode, _quote(path), len(content), content)


def _quote(path: str) -> bytes:
    escaped = os.fsencode(path).replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b'"%s"' % escaped.replace(b"\n", b"\\n")
