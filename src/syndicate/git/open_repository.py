"""A repository on disk: its folders, the fingerprint of its refs, the processes that read it."""

import os
import pathlib
import threading
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

from syndicate.errors import RepositoryError
from syndicate.git.batch_process import (
    RENAME_DIFF,
    BatchProcess,
    commit_diff_query,
    commit_differ,
    object_contents,
    object_sizes,
    rename_detector,
    revision_resolver,
)
from syndicate.git.command import isolated_environment, run_git, stream_git, user_environment
from syndicate.git.errors import error_from_stderr
from syndicate.git.history import (
    PAGE_PATHSPECS,
    Commit,
    TreeEntry,
    folder_pathspecs,
    parse_commits,
    parse_tree,
    split_tokens,
)
from syndicate.git.repository_location import RepositoryLocation
from syndicate.model.post import CommitId, Path
from syndicate.private_files import FOLDER_MODE, make_folder, open_file

_SCRATCH_CONFIG: Final = {
    "sha1": "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
    "sha256": "[core]\n\trepositoryformatversion = 1\n\tbare = true\n"
    "[extensions]\n\tobjectformat = sha256\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryLayout:
    """The folders of a repository on this host."""

    git_dir: pathlib.Path
    """``GIT_DIR``: that of the worktree, else the same as ``common_dir``."""
    common_dir: pathlib.Path
    """The folder of objects, branches and tags."""
    object_format: str
    """``sha1`` or ``sha256``."""

    @property
    def is_shallow(self) -> bool:
        """Whether the repository is shallow, so that its history is incomplete."""
        try:
            return (self.common_dir / "shallow").stat().st_size > 0
        except OSError:
            return False


def find_repository(location: RepositoryLocation, folder: str) -> RepositoryLayout:
    """Find the repository whose top folder or git folder is ``folder``.

    Uses the user's configuration: git refuses a folder of another owner unless the user has
    declared it safe, and this call reports the refusal. Parent folders are not searched.
    """
    top = os.path.realpath(folder)
    environment = user_environment({"safe.bareRepository": "all"}) | {
        "GIT_CEILING_DIRECTORIES": os.path.dirname(top),  # noqa: PTH120
        "GIT_DISCOVERY_ACROSS_FILESYSTEM": "1",
    }
    options = ("--path-format=absolute", "--git-dir", "--git-common-dir", "--show-object-format")
    result = run_git("-C", top, "rev-parse", *options, environment=environment)
    if result.exit_code:
        raise error_from_stderr(location, result.stderr)
    git_dir, common, object_format = os.fsdecode(result.stdout).rstrip("\n").split("\n")
    return RepositoryLayout(
        git_dir=pathlib.Path(git_dir), common_dir=pathlib.Path(common), object_format=object_format
    )


def scratch_repository(
    location: RepositoryLocation, folder: pathlib.Path, object_format: str
) -> pathlib.Path:
    """Create the scratch repository in ``folder`` unless it exists, and return its path.

    It has no objects and no branches, and its configuration names only the object format. It is
    made without git, of two folders and two files, so that threads and processes can make it at
    the same time.
    """
    scratch = folder / f"blank-{object_format}"
    files = {"HEAD": "ref: refs/heads/none\n", "config": _SCRATCH_CONFIG[object_format]}
    try:
        make_folder(folder, exclusive=True)
        for directory in (scratch, scratch / "refs"):
            directory.mkdir(FOLDER_MODE, exist_ok=True)
        for name, text in files.items():
            file, draft = scratch / name, scratch / f"{name}.{os.getpid()}.{threading.get_ident()}"
            if not file.exists():
                with open_file(draft) as written:
                    written.write(text.encode())
                draft.replace(file)
    except OSError as error:
        raise not_writable_error(location, folder, error) from error
    return scratch


def object_environment(scratch: pathlib.Path, layout: RepositoryLayout) -> dict[str, str]:
    """Return an environment in which git reads only the objects of ``layout``.

    The configuration of the content repository (filters, ``diff`` and ``log`` settings,
    attributes, promisor remotes, replacements) is not read. The limits of a shallow clone are
    used, because its history would look broken without them.
    """
    return isolated_environment(
        {
            "GIT_DIR": str(scratch),
            "GIT_OBJECT_DIRECTORY": str(layout.common_dir / "objects"),
            "GIT_SHALLOW_FILE": str(layout.common_dir / "shallow"),
        }
    )


def not_writable_error(
    location: RepositoryLocation, folder: pathlib.Path, error: OSError
) -> RepositoryError:
    """Return the error for a data folder that cannot be written to."""
    return RepositoryError(
        f"{location.label}: {folder} cannot be written to: {error.strerror}",
        hint="Free disk space there, and give the user who runs this write access.",
        code="not-writable",
    )


_REF_PREFIXES: Final = ("", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/")
"""Where git looks for a short name (gitrevisions(7)); all are read, since the first one wins."""

_MAX_SYMBOLIC_DEPTH: Final = 5
"""Symbolic refs that git follows."""

_MAX_REF_BYTES: Final = 4096
"""Bytes read from the file of a ref, which holds one object id or ref name."""


def fingerprint(layout: RepositoryLayout, ref: str) -> Hashable:
    """Return a value that changes whenever ``ref`` may have moved.

    The content of loose refs is read: two moves within one tick of the file system's clock can
    leave equal times. ``packed-refs`` is replaced by renaming, so its time, size and inode
    suffice. The list of a reftable is read; its entries never repeat a name.
    """
    return (
        _file_identity(f"{layout.common_dir}/packed-refs"),
        *(
            content
            for file in _ref_files(layout, ref)
            for content in _read_symbolic_ref(file, str(layout.common_dir))
        ),
    )


def watched_folders(layout: RepositoryLayout, ref: str) -> tuple[str, ...]:
    """Return the folders of the files in the fingerprint, whether or not they exist."""
    files = (f"{layout.common_dir}/packed-refs", *_ref_files(layout, ref))
    return tuple(dict.fromkeys(file.rpartition("/")[0] for file in files))


def _ref_files(layout: RepositoryLayout, ref: str) -> Iterator[str]:
    names = [rule + ref for rule in _REF_PREFIXES] + [
        f"refs/remotes/{ref}/HEAD",
        "reftable/tables.list",
    ]
    for folder in sorted({str(layout.git_dir), str(layout.common_dir)}):
        yield from (f"{folder}/{name}" for name in names)


def _read_symbolic_ref(file: str, common: str) -> Iterator[bytes | None]:
    """Yield the content of a ref and of each ref that a symbolic one names."""
    for _ in range(_MAX_SYMBOLIC_DEPTH):
        content = _read_ref(file)
        yield content
        if content is None or not content.startswith(b"ref:"):
            return
        file = f"{common}/{os.fsdecode(content[4:].strip())}"


def _read_ref(file: str) -> bytes | None:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError):  # ValueError: a NUL in a symbolic ref
        return None
    try:
        return os.read(descriptor, _MAX_REF_BYTES)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _file_identity(file: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(file)  # noqa: PTH116 — faster; may be called a hundred times a second
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


_KEPT_LISTINGS: Final = 2
"""Commits are listed several times while they are read; 20,000 files are 2 MB of output."""


@dataclass(slots=True)
class OpenRepository:
    """A located repository and the processes that read it, which start on use."""

    location: RepositoryLocation
    layout: RepositoryLayout
    environment: dict[str, str]
    contents: BatchProcess[bytes | None]
    sizes: BatchProcess[int | None]
    revisions: BatchProcess[CommitId | None]
    commit_diffs: BatchProcess[Commit | None]
    renames: BatchProcess[Commit | None]
    _listings: tuple[tuple[tuple[str, ...], bytes], ...] = ()
    """The last lists of files, by commit and folders; replaced as a whole, for all threads."""

    @classmethod
    def locate(cls, location: RepositoryLocation, folder: str, scratch: pathlib.Path) -> Self:
        """Locate the repository ``folder``; ``scratch`` is where the scratch repository is made.

        Raises `RepositoryError`.
        """
        layout = find_repository(location, folder)
        blank = scratch_repository(location, scratch, layout.object_format)
        environment = object_environment(blank, layout)
        return cls(
            location=location,
            layout=layout,
            environment=environment,
            contents=object_contents(environment),
            sizes=object_sizes(environment),
            revisions=revision_resolver(isolated_environment({"GIT_DIR": str(layout.git_dir)})),
            commit_diffs=commit_differ(environment),
            renames=rename_detector(environment, PAGE_PATHSPECS),
        )

    def close(self) -> None:
        """Stop the processes; the next read starts them again."""
        for process in (self.contents, self.sizes, self.revisions, self.commit_diffs, self.renames):
            process.close()

    def run(self, *arguments: str, has_patterns: bool = False) -> bytes:
        """Run a command that reads objects and return its output; raises `RepositoryError`.

        Paths are literal unless the arguments have patterns.
        """
        literal = {} if has_patterns else {"GIT_LITERAL_PATHSPECS": "1"}
        result = run_git(*arguments, environment=self.environment | literal)
        if result.exit_code:
            raise error_from_stderr(self.location, result.stderr)
        return result.stdout

    def list_files(self, commit: str, folders: Iterable[Path]) -> tuple[TreeEntry, ...]:
        """Return the files of ``commit`` below ``folders``; raises `RepositoryError`."""
        key = (commit, "--", *folder_pathspecs(folders))
        output = dict(self._listings).get(key)
        if output is None:
            output = self.run("ls-tree", "-r", "-z", "--full-tree", *key)
            self._listings = ((key, output), *self._listings)[:_KEPT_LISTINGS]
        return parse_tree(output)

    def list_refs(self) -> tuple[str, ...]:
        """Return the branches and tags, the newest first; raises `RepositoryError`."""
        environment = isolated_environment({"GIT_DIR": str(self.layout.git_dir)})
        options = ("--sort=-committerdate", "--format=%(refname:short)")
        namespaces = ("refs/heads", "refs/tags", "refs/remotes")
        result = run_git("for-each-ref", *options, *namespaces, environment=environment)
        if result.exit_code:
            raise error_from_stderr(self.location, result.stderr)
        return tuple(os.fsdecode(result.stdout).split())

    def stream_log(self, *arguments: str) -> Iterator[bytes]:
        """Run a command that reads commits and yield its output; raises `RepositoryError`."""
        return stream_git(*arguments, environment=self.environment, make_error=self._make_error)

    def read_commit(self, commit: CommitId) -> Commit | None:
        """Return ``commit`` with its changes; None if it has to be read by a new process.

        A running process does not notice that the depth of a shallow repository has changed.
        """
        if self.layout.is_shallow:
            return None
        try:
            return next(self.commit_diffs.query([commit_diff_query(commit)]))
        except EOFError:
            return None

    def detect_renames(self, commit: CommitId) -> Commit:
        """Return ``commit`` with the changes of pages, renames among them.

        Raises `RepositoryError`, also if a blob is missing that git has to compare.
        """
        try:
            found = next(self.renames.query([commit_diff_query(commit)]))
        except EOFError:
            found = None
        if found is None:  # a new process says why
            command = (*RENAME_DIFF, commit, "--", *PAGE_PATHSPECS)
            output = self.run(*command, has_patterns=True)
            found = next(parse_commits(split_tokens([output])))
        return found

    def _make_error(self, stderr: str) -> RepositoryError:
        return error_from_stderr(self.location, stderr)
