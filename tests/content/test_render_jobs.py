"""The last rendering of each post in the disk cache."""

import json
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
class Stored:
    """A rendered post, the digest of its results, and the caches that hold both."""

    cache: Cache
    last: LastRenderings
    rendered: RenderedPost
    digest: str


@pytest.fixture
def stored(tmp_path: pathlib.Path) -> Iterator[Stored]:
    """Return a rendered and stored post with a path that is not UTF-8."""
    post = samples.post(
        carousel=True,
        published=datetime(2024, 1, 29, tzinfo=samples.NEW_YORK),
        expires=datetime(2034, 1, 29, tzinfo=samples.NEW_YORK),
    )
    post = replace(post, path=Path("news/2024-01-29-\udcff.md"))
    fields = Fields(title="A", language="en", translation="", word_digest=b"", word_count=0)
    render_input = build_render_input(
        post,
        b"---\ntitle: A\n---\nSome *words*.",
        fields,
        source=samples.source(),
        targets=LinkTargets(posts=()),
    )
    cache, pool = Cache(tmp_path / "cache.db"), RenderPool(processes=1)
    jobs = RenderJobs(cache, pool)
    (job,) = jobs.start([render_input])
    body, _, _ = job.future.result()
    pool.close()
    rendered = samples.rendered_post(
        post,
        content=body.content,
        text=body.text,
        image=Image(url="https://www.example.gov/a.png", alt=None),
        authors=(Author(name="Ada Example"),),
        translations=(("es", "https://www.example.gov/es"),),
    )
    last = LastRenderings(cache, jobs)
    last.put({job.digest: rendered})
    yield Stored(cache=cache, last=last, rendered=rendered, digest=job.digest)
    cache.close()


@pytest.mark.slow
def test_last_rendering_round_trip(stored: Stored) -> None:
    """All fields are the same; times keep the offset of the source."""
    (found,) = stored.last.get([stored.rendered.post]).values()
    assert found == stored.rendered
    assert found.post.published.isoformat() == "2024-01-29T00:00:00-05:00"


def test_last_rendering_of_a_moved_post_has_the_present_path(stored: Stored) -> None:
    """All other values are those of the rendering."""
    moved = replace(stored.rendered.post, path=Path("news/moved.md"), title="Another title")
    (found,) = stored.last.get([moved]).values()
    assert (found.post.path, found.post.title) == ("news/moved.md", stored.rendered.post.title)


def test_last_rendering_of_another_version_is_ignored(stored: Stored) -> None:
    """An entry that cannot be decoded counts as missing."""
    stored.cache.put(LAST_RENDERINGS_NAMESPACE, {stored.rendered.post.id: b'{"digest": 7}'})
    assert stored.last.get([stored.rendered.post]) == {}
    assert list(stored.last.digests([stored.rendered.post])) == []


@pytest.mark.slow
def test_last_rendering_of_version_0_2_0_is_read(stored: Stored) -> None:
    """Fields that it lacks have their defaults."""
    post_id = stored.rendered.post.id
    entry = json.loads(stored.cache.get(LAST_RENDERINGS_NAMESPACE, [post_id])[post_id])
    del entry["post"]["attachments"], entry["post"]["image"]["file_bytes"]
    del entry["post"]["post"]["is_named_after_file"]
    stored.cache.put(LAST_RENDERINGS_NAMESPACE, {post_id: json.dumps(entry).encode()})
    assert stored.last.get([stored.rendered.post]) == {post_id: stored.rendered}


def test_last_rendering_without_results_is_ignored(stored: Stored) -> None:
    """The entry alone has no content."""
    stored.cache.retain_only("renderings", set())
    assert stored.last.get([stored.rendered.post]) == {}


@pytest.mark.slow
def test_text_that_cannot_be_encoded_affects_only_its_post(stored: Stored) -> None:
    """JSON front matter can contain a lone surrogate."""
    other = samples.rendered_post(samples.post("news/2024-02-01-b.md"), summary="\ud800")
    stored.last.put({"d": other, stored.digest: stored.rendered})
    assert set(stored.last.get([other.post, stored.rendered.post])) == {stored.rendered.post.id}


def test_retain_only_deletes_other_posts(stored: Stored) -> None:
    """The digests of retained posts are listed."""
    assert list(stored.last.digests([stored.rendered.post])) == [stored.digest]
    stored.last.retain_only([samples.post("news/2024-02-01-b.md")])
    assert list(stored.last.digests([stored.rendered.post])) == []
