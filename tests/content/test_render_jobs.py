"""The last rendering of each post, on disk."""

import pathlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from syndicate.cache import Cache
from syndicate.content.link_targets import LinkTargets
from syndicate.content.render_input import build_render_input
from syndicate.content.render_jobs import LAST_RENDERINGS_NAMESPACE, LastRenderings, RenderJobs
from syndicate.dialects.fields import Fields
from syndicate.model.post import Author, Image, Path, RenderedPost
from syndicate.render.pool.process_pool import RenderPool
from tests import samples


@dataclass(frozen=True, kw_only=True)
class Kept:
    """An item whose rendering is cached under ``digest``, and what remembers it."""

    cache: Cache
    last: LastRenderings
    item: RenderedPost
    digest: str


@pytest.fixture
def kept(tmp_path: pathlib.Path) -> Iterator[Kept]:
    """Return an item of a post with a path that is not UTF-8, rendered and remembered."""
    post = samples.post(
        carousel=True,
        published=datetime(2024, 1, 29, tzinfo=samples.NEW_YORK),
        expires=datetime(2034, 1, 29, tzinfo=samples.NEW_YORK),
    )
    post = replace(post, path=Path("news/2024-01-29-\udcff.md"))
    fields = Fields(title="A", language="en", translation="", word_digest=b"", word_count=0)
    opened = build_render_input(
        post,
        b"---\ntitle: A\n---\nSome *words*.",
        fields,
        source=samples.source(),
        targets=LinkTargets(posts=()),
    )
    cache, workroom = Cache(tmp_path / "cache.db"), RenderPool(processes=1)
    jobs = RenderJobs(cache, workroom)
    (job,) = jobs.start([opened])
    body, _, _ = job.future.result()
    workroom.close()
    item = samples.rendered_post(
        post,
        content=body.content,
        text=body.text,
        image=Image(url="https://www.example.gov/a.png", alt=None),
        authors=(Author(name="Ada Example"),),
        translations=(("es", "https://www.example.gov/es"),),
    )
    last = LastRenderings(cache, jobs)
    last.put({job.digest: item})
    yield Kept(cache=cache, last=last, item=item, digest=job.digest)
    cache.close()


def test_an_item_comes_back_as_it_was(kept: Kept) -> None:
    """With all its fields; times keep the offset of the source."""
    (found,) = kept.last.get([kept.item.post]).values()
    assert found == kept.item
    assert found.post.published.isoformat() == "2024-01-29T00:00:00-05:00"


def test_a_post_that_moved_is_found_at_its_present_path(kept: Kept) -> None:
    """Everything else is as it was."""
    moved = replace(kept.item.post, path=Path("news/moved.md"), title="Another title")
    (found,) = kept.last.get([moved]).values()
    assert (found.post.path, found.post.title) == ("news/moved.md", kept.item.post.title)


def test_what_another_version_wrote_is_not_known(kept: Kept) -> None:
    """Nor what is damaged: the post is rendered anew, as if it never had been."""
    kept.cache.put(LAST_RENDERINGS_NAMESPACE, {kept.item.post.id: b'{"digest": 7}'})
    assert kept.last.get([kept.item.post]) == {}
    assert list(kept.last.digests([kept.item.post])) == []


def test_an_item_whose_rendering_is_gone_is_not_known(kept: Kept) -> None:
    """It has no content to serve."""
    kept.cache.retain_only("renderings", set())
    assert kept.last.get([kept.item.post]) == {}


def test_a_text_that_cannot_be_written_costs_its_own_item_only(kept: Kept) -> None:
    """A lone surrogate, as JSON front matter can hold one."""
    other = samples.rendered_post(samples.post("news/2024-02-01-b.md"), summary="\ud800")
    kept.last.put({"d": other, kept.digest: kept.item})
    assert set(kept.last.get([other.post, kept.item.post])) == {kept.item.post.id}


def test_only_posts_that_are_kept_are_remembered(kept: Kept) -> None:
    """Those of an edition; the digests of their renderings are needed as long."""
    assert list(kept.last.digests([kept.item.post])) == [kept.digest]
    kept.last.retain_only([samples.post("news/2024-02-01-b.md")])
    assert list(kept.last.digests([kept.item.post])) == []
