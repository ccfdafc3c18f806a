"""What an index remembers over a restart: everything, exactly, or nothing."""

import pathlib
import random
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from syndicate.cache import Cache
from syndicate.content import index_snapshot, parsed_file
from syndicate.content.file_classifier import FileResult
from syndicate.content.file_history import BranchHistory, PostHistory, Version
from syndicate.content.index_snapshot import IndexSnapshot
from syndicate.content.source_index import SourceIndex
from syndicate.git import Repository
from syndicate.model.edition import Problem, SourceSnapshot
from syndicate.model.post import BlobId, CommitId, Path, Post, PostKey
from tests import samples
from tests.content.conftest import VOCABULARY, OpenIndex, file
from tests.content.test_source_index import FIRST, SECOND, at_head, parsed
from tests.content_repository import ContentRepository

ODD = Path(b"news/caf\xe9.md".decode("utf-8", "surrogateescape"))
"""A path that is not UTF-8."""

MOMENTS = st.datetimes(datetime(1700, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 — Hypothesis adds the zone


@st.composite
def lives(draw: st.DrawFn) -> dict[Path, PostHistory]:
    """Draw what became of some paths."""
    paths = st.binary(max_size=4).map(lambda name: Path(name.decode("utf-8", "surrogateescape")))
    blobs = st.sampled_from((BlobId("a" * 40), BlobId("b" * 40)))
    versions = st.lists(st.builds(Version, blobs, MOMENTS), min_size=1)
    lineages = st.builds(PostHistory, st.just(PostKey("0123456789abcdef~2")), versions.map(tuple))
    return draw(st.dictionaries(paths, lineages, max_size=5))


@st.composite
def outcomes(draw: st.DrawFn, path: Path, lineage: PostHistory) -> FileResult:
    """Draw what may have become of the file at ``path``."""
    there = samples.NEW_YORK
    problem = Problem(
        level=draw(st.sampled_from(("error", "notice"))),
        rule="a-rule",
        source="news",
        path=path,
        line=draw(st.integers(0, 9)),
        message=draw(st.text(max_size=5)),
    )
    post = samples.post(
        FIRST,
        blob=draw(st.sampled_from((BlobId("a" * 40), BlobId("b" * 40)))),
        title=draw(st.text(max_size=5)),
        published=draw(MOMENTS).astimezone(there),
        updated=draw(MOMENTS).astimezone(there),
        expires=draw(st.none() | MOMENTS),
        categories=(samples.TTS,) if draw(st.booleans()) else (),
    )
    return FileResult(
        blob=BlobId("b" * 40),
        history=lineage,
        post=draw(st.none() | st.just(replace(post, path=path))),
        hidden_reason=draw(st.sampled_from(("", "draft: true"))),
        problems=draw(st.sampled_from(((), (problem,)))),
    )


@given(data=st.data())
def test_what_is_written_down_is_read_as_it_was(data: st.DataObject) -> None:
    """Every path, instant, offset and problem; times before standard time included."""
    living = data.draw(lives())
    counts = {path: len(path) for path in living}
    ancestry = BranchHistory(
        commit=samples.COMMIT,
        current=living,
        deleted=data.draw(lives()),
        created_at_path=counts,
        post_counts=counts,
        last_complete_commit=data.draw(st.none() | st.just(samples.COMMIT)),
        emptied_by=data.draw(st.none() | st.just(samples.COMMIT)),
    )
    looked_at = {
        path: data.draw(outcomes(path, lineage))
        for path, lineage in living.items()
        if data.draw(st.booleans())
    }
    before = IndexSnapshot(ancestry, looked_at, {ODD: "not a Markdown or HTML file"})

    after = index_snapshot.decode(
        index_snapshot.encode(before), samples.source(zone=samples.NEW_YORK)
    )

    assert after == before
    for path, outcome in looked_at.items():
        assert _shown(after.results[path].post) == _shown(outcome.post)


def _shown(post: Post | None) -> tuple[str, str] | None:
    """Return the dates of ``post`` as readers see them, which equality does not tell apart."""
    return (post.published.isoformat(), post.updated.isoformat()) if post else None


def _feeds(part: SourceSnapshot) -> list[tuple[str, str] | None]:
    return [_shown(post) for post in part.posts]


def test_a_start_goes_on_where_the_last_one_was(
    content: ContentRepository, open_index: OpenIndex, disk_cache: Cache
) -> None:
    """Nothing is read again, not even out of the cache; only what came since."""
    content.commit({FIRST: file("First", date="1870-05-01"), ODD: file("Odd"), "news/a.png": "x"})
    first = open_index()
    at_head(first)
    first.save()
    disk_cache.retain_only(parsed_file.CACHE_NAMESPACE, [])
    before = parsed()
    assert at_head(open_index()) == at_head(first)
    assert parsed() == before
    content.commit({SECOND: file("Second")})
    again = open_index()
    assert at_head(again) == at_head(open_index(cache="cold"))
    assert parsed() == before + 1 + 3
    assert _feeds(at_head(again)) == _feeds(at_head(open_index(cache="cold")))


def test_whatever_happened_meanwhile_a_start_is_the_same_as_the_very_first(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """Edits, moves, removals, breakage, rewritten history: with memories of any age."""
    chance = random.Random(12)  # noqa: S311 — reproducible
    names = [FIRST, SECOND, "news/x/2024-01-01-third.md", "other/2024-01-02-fourth.md", ODD]
    texts = [
        file("One", "Words. " * 30),
        file("Two", "Others. " * 30, date="2024-07-01", tags="[tts, New]"),
        file("Same", permalink="/same", expires="2030-01-01"),
        "---\nbad: [\n---\n",
    ]
    content.commit({FIRST: texts[0], SECOND: texts[1]})
    for number in range(25):
        if number % 6 == 5:
            content.git("update-ref", "refs/heads/main", "main~1")
        else:
            gone = {chance.choice(names[1:]): None} if number % 4 == 0 else {}
            content.commit({**gone, chance.choice(names[:3]): chance.choice(texts)})
        warm, cold = open_index(), open_index(cache=f"cold{number}")
        assert at_head(warm) == at_head(cold)
        assert _feeds(at_head(warm)) == _feeds(at_head(cold))
        if number % 3 == 0:
            warm.save()


def test_other_settings_and_an_accepted_removal_begin_anew(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """What was found out under other rules is not trusted."""
    content.commit({FIRST: file(), "more/2024-01-01-more.md": file("More")})
    first = open_index()
    at_head(first)
    first.save()
    both = open_index(folders=("news", "more"))
    assert len(at_head(both).posts) == 2
    accepting = open_index(accepted="a" * 40)
    assert len({one.snapshot_key for one in (first, both, accepting)}) == 3
    assert at_head(accepting) == at_head(first)


def test_an_unfinished_state_is_not_remembered(
    content: ContentRepository, open_index: OpenIndex, disk_cache: Cache
) -> None:
    """Nor is anything before the first part, or while a folder is empty."""
    index = open_index()
    index.save()
    content.commit({FIRST: file()})
    content.commit({FIRST: None})
    at_head(index)
    index.save()
    assert not disk_cache.get(index_snapshot.CACHE_NAMESPACE, [index.snapshot_key])


def test_a_shallow_clone_is_not_remembered(
    content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """Ids hang on its depth, which the next start may find changed."""
    content.commit({FIRST: file("Old")})
    content.commit({FIRST: file("New")})
    shallow = tmp_path / "shallow"
    content.git("clone", "-q", "--bare", "--depth=1", f"file://{content.path}", str(shallow))
    cache = Cache(tmp_path / "cache.db")
    with Repository.open(str(shallow), ref="main", mirrors=tmp_path / "mirrors") as repository:
        source = samples.source(folders=(Path("news"),))
        index = SourceIndex(source, repository, cache=cache, vocabulary=VOCABULARY)
        at_head(index)
        index.save()
        assert not cache.get(index_snapshot.CACHE_NAMESPACE, [index.snapshot_key])
    cache.close()


def test_what_a_shallow_clone_showed_is_not_remembered_when_it_is_whole_again(
    content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """Else its ids would stay for ever; the next start finds the right ones."""
    content.commit({FIRST: file("Old")})
    content.commit({FIRST: file("New")})
    clone = tmp_path / "clone"
    content.git("clone", "-q", "--bare", "--depth=1", f"file://{content.path}", str(clone))
    cache = Cache(tmp_path / "cache.db")
    with Repository.open(str(clone), ref="main", mirrors=tmp_path / "mirrors") as repository:
        source = samples.source(folders=(Path("news"),))
        index = SourceIndex(source, repository, cache=cache, vocabulary=VOCABULARY)
        at_head(index)
        content.git(f"--git-dir={clone}", "fetch", "-q", "--unshallow")
        index.save()
        assert not cache.get(index_snapshot.CACHE_NAMESPACE, [index.snapshot_key])
        again = SourceIndex(source, repository, cache=cache, vocabulary=VOCABULARY)
        at_head(again)
        again.save()
        assert cache.get(index_snapshot.CACHE_NAMESPACE, [index.snapshot_key])
    cache.close()


def test_what_was_remembered_is_not_written_again(
    content: ContentRepository, open_index: OpenIndex, disk_cache: Cache
) -> None:
    """Until something came."""
    content.commit({FIRST: file()})
    index = open_index()
    at_head(index)
    index.save()
    disk_cache.retain_only(index_snapshot.CACHE_NAMESPACE, [])
    index.save()
    assert not disk_cache.get(index_snapshot.CACHE_NAMESPACE, [index.snapshot_key])
    assert content.commit({SECOND: file()}) == CommitId(at_head(index).commit)
    index.save()
    assert disk_cache.get(index_snapshot.CACHE_NAMESPACE, [index.snapshot_key])
