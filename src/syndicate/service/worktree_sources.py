"""Sources with the files of their worktrees, committed or not, for checks before a commit."""

import pathlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from syndicate.errors import RepositoryError
from syndicate.git.worktree import BRANCH, Worktree
from syndicate.model.post import Path, Source
from syndicate.settings import Settings


def with_worktrees(settings: Settings, folder: pathlib.Path) -> Settings:
    """Return ``settings`` with sources that read worktrees instead of branches.

    The repositories that are made for that are in ``folder``. Sources in remote or bare
    repositories stay as they are. Raises `RepositoryError`.
    """
    made: dict[str, str] = {}
    sources = []
    for source in settings.sources:
        worktree = Worktree.find(source.repository, source_name=source.name)
        if worktree is not None and source.repository not in made:
            scratch = folder / str(len(made))
            worktree.commit_to(scratch)
            repository = scratch / f"blank-{worktree.layout.object_format}"
            made[source.repository] = str(repository)
        if source.repository in made:
            source = replace(source, repository=made[source.repository], ref=BRANCH)  # noqa: PLW2901
        sources.append(source)
    return replace(settings, sources=tuple(sources))


def uncommitted_files(sources: tuple[Source, ...]) -> Iterator[Path]:
    """Yield the files of ``sources`` that are not committed, without those of failing sources."""
    for source in sources:
        with suppress(RepositoryError):  # which is a problem of the source
            worktree = Worktree.find(source.repository, source_name=source.name)
            if worktree is not None:
                yield from worktree.uncommitted_files(source.folders or (Path("."),))
