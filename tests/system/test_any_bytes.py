"""Any bytes that an editor commits give an edition, and change no other post."""

import pathlib
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from syndicate.cache import Cache
from syndicate.content.post_renderer import PostRenderer
from syndicate.content.source_index import SourceIndex
from syndicate.feeds.formats import FORMATS
from syndicate.git import Repository
from syndicate.model.category import Vocabulary
from syndicate.model.edition import Edition
from syndicate.model.feed import build_feed, build_feed_view
from syndicate.model.query import Query
from syndicate.render.pool.process_pool import RenderPool
from tests import samples
from tests.content_repository import ContentRepository

ODD = "news/2023-11-06-odd.md"
GOOD = "news/2023-11-07-good.md"
POST = b"---\ntitle: Good\ntags: [tts, plain language]\n---\nWords *and* [a link](/there).\n"


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Draw any bytes, any front matter and text, or a good post with an error."""
    kind = draw(st.sampled_from(["bytes", "texts", "slip"]))
    if kind == "bytes":
        return draw(st.binary(max_size=200))
    if kind == "texts":
        head, words = draw(st.text(max_size=80)), draw(st.text(max_size=200))
        return f"---\n{head}\n---\n{words}".encode("utf-8", "surrogatepass")
    offset = draw(st.integers(0, len(POST)))
    return POST[:offset] + draw(st.binary(max_size=3)) + POST[offset + draw(st.integers(0, 3)) :]


class SmallService:
    """A repository of two posts, and everything that builds editions of it."""

    def __init__(self, folder: pathlib.Path, exit_stack: ExitStack) -> None:
        self.content = ContentRepository.create(folder / "content", bare=True)
        self.content.commit({GOOD: POST})
        repository = exit_stack.enter_context(
            Repository.open(str(self.content.path), ref="main", mirrors=folder / "mirrors")
        )
        cache = Cache(None)
        self.index = SourceIndex(samples.source(), repository, cache=cache, vocabulary=Vocabulary())
        render_pool = RenderPool(processes=1)
        exit_stack.callback(render_pool.close)
        self.items = PostRenderer({"news": self.index}, cache=cache, pool=render_pool)

    def edition(self) -> Edition:
        """Return the edition at the head of the branch."""
        return Edition.build([self.index.snapshot(self.index.repository.head())], at=samples.NOW)


@pytest.fixture(scope="module")
def small_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallService]:
    """Return one service for all examples."""
    with ExitStack() as exit_stack:
        yield SmallService(tmp_path_factory.mktemp("service"), exit_stack)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=files())
def test_any_bytes_become_a_post_or_a_problem(small_service: SmallService, data: bytes) -> None:
    """The edition has the good post unchanged, and every format of it is well-formed."""
    small_service.content.commit({ODD: None})
    first_edition = small_service.edition()
    (good,) = small_service.items.render(first_edition.posts, first_edition)
    small_service.content.commit({ODD: data})
    edition = small_service.edition()
    items = small_service.items.render(edition.posts, edition)
    assert good in items
    reported_paths = {post.path for post in edition.snapshots[0].posts}
    reported_paths |= {file.path for file in edition.snapshots[0].hidden}
    assert reported_paths == {ODD, GOOD}
    feed_view = build_feed_view(edition, "all", Query())
    feed = build_feed(edition, feed_view, samples.SERVICE_INFO, items)
    for form in FORMATS.values():
        written = form.write(feed)
        if form.name == "json":
            assert written.decode().startswith("{")
        else:
            etree.fromstring(written)
