"""Whatever an editor commits, an edition comes out, and nobody else's post is touched by it."""

import pathlib
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from syndicate.cache import Cache
from syndicate.formats import FORMATS
from syndicate.git import Repository
from syndicate.index.item import Items
from syndicate.index.part import SourceIndex
from syndicate.model.category import Vocabulary
from syndicate.model.edition import Edition
from syndicate.model.query import Query
from syndicate.model.view import compose, view
from syndicate.render.workroom import Workroom
from tests import samples
from tests.content_repository import ContentRepository

ODD = "news/2023-11-06-odd.md"
GOOD = "news/2023-11-07-good.md"
POST = b"---\ntitle: Good\ntags: [tts, plain language]\n---\nWords *and* [a link](/there).\n"


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Draw any bytes, any front matter and words, or a good post with a slip."""
    kind = draw(st.sampled_from(["bytes", "texts", "slip"]))
    if kind == "bytes":
        return draw(st.binary(max_size=200))
    if kind == "texts":
        head, words = draw(st.text(max_size=80)), draw(st.text(max_size=200))
        return f"---\n{head}\n---\n{words}".encode("utf-8", "surrogatepass")
    place = draw(st.integers(0, len(POST)))
    return POST[:place] + draw(st.binary(max_size=3)) + POST[place + draw(st.integers(0, 3)) :]


class Office:
    """A repository of two posts, and what makes editions of it."""

    def __init__(self, folder: pathlib.Path, closing: ExitStack) -> None:
        self.content = ContentRepository.create(folder / "content", bare=True)
        self.content.commit({GOOD: POST})
        repository = closing.enter_context(
            Repository.open(str(self.content.path), ref="main", mirrors=folder / "mirrors")
        )
        cache = Cache(None)
        self.index = SourceIndex(samples.source(), repository, cache=cache, vocabulary=Vocabulary())
        workroom = Workroom(processes=1)
        closing.callback(workroom.close)
        self.items = Items({"news": self.index}, cache=cache, workroom=workroom)

    def edition(self) -> Edition:
        """Return the edition of the head of the branch."""
        return Edition.of([self.index.part(self.index.repository.head())], at=samples.NOW)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Return an office for all examples."""
    with ExitStack() as closing:
        yield Office(tmp_path_factory.mktemp("office"), closing)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=files())
def test_any_bytes_are_a_post_or_a_problem_and_touch_no_other(office: Office, data: bytes) -> None:
    """The edition has the good post as ever, and every format of it is well-formed."""
    office.content.commit({ODD: None})
    alone = office.edition()
    (good,) = office.items.make(alone.posts, alone)
    office.content.commit({ODD: data})
    edition = office.edition()
    items = office.items.make(edition.posts, edition)
    assert good in items
    named = {post.path for post in edition.parts[0].posts}
    named |= {file.path for file in edition.parts[0].hidden}
    assert named == {ODD, GOOD}
    seen = view(edition, "all", Query())
    feed = compose(edition, seen, samples.MASTHEAD, items)
    for form in FORMATS.values():
        written = form.write(feed)
        if form.name == "json":
            assert written.decode().startswith("{")
        else:
            etree.fromstring(written)
