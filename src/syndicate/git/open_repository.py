"""A located repository and the long-running git processes that read it."""

import pathlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

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
from syndicate.git.command import isolated_environment, run_git, stream_git
from syndicate.git.errors import error_from_stderr
from syndicate.git.history import PAGE_PATHSPECS
from syndicate.git.parsers import Commit, parse_commits, split_tokens
from syndicate.git.repository_layout import (
    RepositoryLayout,
    find_repository,
    object_environment,
    scratch_repository,
)
from syndicate.git.repository_location import RepositoryLocation
from syndicate.model.post import CommitId


@dataclass(frozen=True, slots=True)
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
