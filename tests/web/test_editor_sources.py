"""Which source is checked, of several."""

import pathlib

import pytest

from syndicate.errors import NotReady, UnknownName
from syndicate.service.content_service import ContentService
from syndicate.service.editor_reports import EditorReports
from syndicate.settings import load
from tests.content_repository import ContentRepository
from tests.publisher.conftest import NOW
from tests.render_pool import render_pool
from tests.web.editor_client import FIRST, GOOD, OTHER_SETTINGS, PREVIEW_SETTINGS

pytestmark = pytest.mark.anyio


async def test_first_source_with_a_branch_is_checked(tmp_path: pathlib.Path) -> None:
    """A comment on a pull request links to the branch only."""
    settings = OTHER_SETTINGS + PREVIEW_SETTINGS.format(url="content")
    settings += OTHER_SETTINGS.replace("other", "third")
    ContentRepository.create(tmp_path / "other").commit({"posts/2024-01-05-a.md": GOOD})
    third = ContentRepository.create(tmp_path / "third")
    third.commit({"posts/2024-01-05-a.md": GOOD})
    third.create_branch("both")
    content = ContentRepository.create(tmp_path / "content")
    content.commit({FIRST: GOOD, "lake.png": b"x"})
    content.create_branch("fix")
    content.create_branch("both")
    (tmp_path / "syndicate.toml").write_text(settings)
    with ContentService(
        load(tmp_path / "syndicate.toml", {}), clock=lambda: NOW, render_pool=render_pool()
    ) as content_service:
        edition = content_service.edition()
        reports = EditorReports(content_service, lambda: edition)
        by_branch = await reports.check(rev="fix")
        with pytest.raises(UnknownName) as error:
            await reports.check("other", rev="fix")
        with pytest.raises(UnknownName) as several:
            await reports.check("other", rev="both")
        first = await reports.check()
        reports.close()

    assert (by_branch.source, by_branch.changes) == ("news", ())
    assert str(error.value) == "other has no branch, tag or commit 'fix'; news has"
    assert str(several.value) == "other has no branch, tag or commit 'both'; news and third have"
    assert (first.source, first.changes) == ("other", None)


async def test_source_that_was_not_read_is_not_the_default(tmp_path: pathlib.Path) -> None:
    """Its name in the form says why it has no report."""
    (tmp_path / "syndicate.toml").write_text(
        OTHER_SETTINGS + PREVIEW_SETTINGS.format(url="content")
    )
    content = ContentRepository.create(tmp_path / "content")
    content.commit({FIRST: GOOD, "lake.png": b"x"})
    content.create_branch("fix")
    with ContentService(
        load(tmp_path / "syndicate.toml", {}), clock=lambda: NOW, render_pool=render_pool()
    ) as content_service:
        edition = content_service.edition()
        ContentRepository.create(tmp_path / "other").commit({"posts/2024-01-05-a.md": GOOD})
        ContentRepository(path=tmp_path / "other").create_branch("fix")
        ContentRepository(path=tmp_path / "other").create_branch("own")
        reports = EditorReports(content_service, lambda: edition)
        first = await reports.check()
        branch = await reports.check(rev="fix")
        with pytest.raises(NotReady) as error:
            await reports.check(rev="own")
        reports.close()

    assert [one.source.name for one in edition.unavailable] == ["other"]
    assert (first.source, branch.source) == ("news", "news")
    assert str(error.value).startswith("not read yet: other")
