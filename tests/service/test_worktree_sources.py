"""Sources that read worktrees: one for each repository, none where there is no worktree."""

import pathlib

from syndicate.service.worktree_sources import uncommitted_files, with_worktrees
from syndicate.settings import load
from tests.content_repository import ContentRepository
from tests.service.conftest import SETTINGS


def test_repository_without_a_worktree_stays_as_it_is(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Two sources of one repository read the same files."""
    ContentRepository.create(tmp_path / "bare", bare=True)
    table = SETTINGS[SETTINGS.index("[[sources]]") : SETTINGS.index("[[categories]]")]
    file = tmp_path / "syndicate.toml"
    second = table.replace('"news"', '"second"', 1)
    bare = table.replace('"news"', '"bare"', 1).replace('"content"', '"bare"')
    file.write_text(SETTINGS + second + bare)
    settings = load(file, {})
    (content.path / "news" / "new.md").write_text("---\ntitle: New\n---\nWords.\n")

    first, again, other = with_worktrees(settings, tmp_path / "scratch").sources

    assert first.repository == again.repository != settings.sources[0].repository
    assert other == settings.sources[2]
    assert {*map(str, uncommitted_files(settings.sources))} == {"news/new.md"}
