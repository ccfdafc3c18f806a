"""The snapshot of an index is exact, or it is not stored."""

import pathlib
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.cache import Cache
from syndicate.content import index_snapshot, parsed_file
from syndicate.content.file_classifier import FileResult
from syndicate.content.file_history import BranchHistory, PostHistory, Version
from syndicate.content.index_snapshot import IndexSnapshot
from syndicate.content.source_index import SourceIndex
from syndicate.git import Repository
from syndicate.model.departure import Departure, PostAttributes
from syndicate.model.edition import Problem, SourceSnapshot
from syndicate.model.post import BlobId, CommitId, Path, Post, PostKey
from tests import samples
from tests.content.conftest import VOCABULARY, OpenIndex, file
from tests.content.test_source_index import FIRST, SECOND, at_head, parsed
from tests.content_repository import ContentRepository

ODD = Path(b"news/caf\xe9.md".decode("utf-8", "surrogateescape"))
"""A path that is not UTF-8."""

TIMES = st.datetimes(datetime(1700, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 — Hypothesis adds the zone


@st.composite
def histories(draw: st.DrawFn) -> dict[Path, PostHistory]:
    """Draw the histories of some paths."""
    paths = st.binary(max_size=4).map(lambda name: Path(name.decode("utf-8", "surrogateescape")))
    blobs = st.sampled_from((BlobId("a" * 40), BlobId("b" * 40)))
    versions = st.lists(st.builds(Version, blobs, TIMES), min_size=1)
    post_histories = st.builds(
        PostHistory, st.just(PostKey("0123456789abcdef~2")), versions.map(tuple)
    )
    return draw(st.dictionaries(paths, post_histories, max_size=5))


@st.composite
def results(draw: st.DrawFn, path: Path, history: PostHistory) -> FileResult:
    """Draw a result of the file at ``path``."""
    zone = samples.NEW_YORK
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
        published=draw(TIMES).astimezone(zone),
        updated=draw(TIMES).astimezone(zone),
        expires=draw(st.none() | TIMES),
        categories=(samples.TTS,) if draw(st.booleans()) else (),
    )
    return FileResult(
        blob=BlobId("b" * 40),
        history=history,
        post=draw(st.none() | st.just(replace(post, path=path))),
        hidden_reason=draw(st.sampled_from(("", "draft: true"))),
        problems=draw(st.sampled_from(((), (problem,)))),
    )


@pytest.mark.slow
@given(data=st.data())
def test_snapshot_round_trip(data: st.DataObject) -> None:
    """Paths, times, offsets and problems are the same, also before standard time."""
    current = data.draw(histories())
    counts = {path: len(path) for path in current}
    branch = BranchHistory(
        commit=samples.COMMIT,
        current=current,
        deleted=data.draw(histories()),
        created_at_path=counts,
        post_counts=counts,
        last_complete_commit=data.draw(st.none() | st.just(samples.COMMIT)),
        emptied_by=data.draw(st.none() | st.just(samples.COMMIT)),
    )
    classified = {
        path: data.draw(results(path, history))
        for path, history in current.items()
        if data.draw(st.booleans())
    }
    was = PostAttributes(source="news", categories=(samples.TTS,), carousel=True, language="es")
    departure = Departure(
        at=data.draw(TIMES),
        before=was,
        after=data.draw(st.none() | st.just(replace(was, categories=()))),
    )
    skipped = {ODD: "not a Markdown or HTML file"}
    before = IndexSnapshot(branch, classified, skipped, (departure,), bytes(range(32)), samples.NOW)

    after = index_snapshot.decode(
        index_snapshot.encode(before), samples.source(zone=samples.NEW_YORK)
    )

    assert after == before
    for path, result in classified.items():
        assert _dates(after.results[path].post) == _dates(result.post)


def _dates(post: Post | None) -> tuple[str, str] | None:
    """Return the dates of ``post`` with their offsets, which equality ignores."""
    return (post.published.isoformat(), post.updated.isoformat()) if post else None


def _post_dates(part: SourceSnapshot) -> list[tuple[str, str] | None]:
    return [_dates(post) for post in part.posts]


def test_start_continues_from_the_snapshot(
    content: ContentRepository, open_index: OpenIndex, disk_cache: Cache
) -> None:
    """Only files of newer commits are parsed; the others are not even read from the cache."""
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
    assert _post_dates(at_head(again)) == _post_dates(at_head(open_index(cache="cold")))


def test_time_of_expiry_has_the_offset_of_its_source(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """Whether the file was parsed now, or is in the cache, or the snapshot is."""
    content.commit({FIRST: "---\ntitle: A\nexpires: 2034-01-02\n---\nWords.\n"})
    for saves in (False, True, False):
        index = open_index()
        (post,) = at_head(index).posts
        assert post.expires is not None
        assert post.expires.isoformat() == "2034-01-02T00:00:00-05:00"
        if saves:
            index.save()


@pytest.mark.slow
def test_start_from_any_snapshot_equals_a_cold_start(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """Snapshots of any age give the same result after edits, moves, removals and force-pushes."""
    rng = random.Random(12)  # noqa: S311 — reproducible
    names = [FIRST, SECOND, "news/x/2024-01-01-third.md", "other/2024-01-02-fourth.md", ODD]
    texts = [
        file("One", "Words. " * 30),
        file("Two", "Others. " * 30 + f"[1](/{FIRST})", date="2024-07-01", tags="[tts, New]"),
        file("Same", "[2](2023-11-07-second.md)", permalink="/same", expires="2030-01-01"),
        "---\nbad: [\n---\n",
    ]
    content.commit({FIRST: texts[0], SECOND: texts[1]})
    for number in range(25):
        if number % 6 == 5:
            content.git("update-ref", "refs/heads/main", "main~1")
        else:
            removed = {rng.choice(names[1:]): None} if number % 4 == 0 else {}
            content.commit({**removed, rng.choice(names[:3]): rng.choice(texts)})
        warm, cold = open_index(), open_index(cache=f"cold{number}")
        assert at_head(warm) == at_head(cold)
        assert _post_dates(at_head(warm)) == _post_dates(at_head(cold))
        if number % 3 == 0:
            warm.save()


def test_other_settings_and_accepted_removals_invalidate_the_snapshot(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """A snapshot of other settings is not used."""
    content.commit({FIRST: file(), "more/2024-01-01-more.md": file("More")})
    first = open_index()
    at_head(first)
    first.save()
    both = open_index(folders=("news", "more"))
    assert len(at_head(both).posts) == 2
    accepting = open_index(accepted="a" * 40)
    assert len({one.snapshot_key for one in (first, both, accepting)}) == 3
    assert at_head(accepting) == at_head(first)


def test_incomplete_state_is_not_stored(
    content: ContentRepository, open_index: OpenIndex, disk_cache: Cache
) -> None:
    """Nothing is stored before the first snapshot, or while a folder is empty."""
    index = open_index()
    index.save()
    content.commit({FIRST: file()})
    content.commit({FIRST: None})
    at_head(index)
    index.save()
    assert not disk_cache.get(index_snapshot.CACHE_NAMESPACE, [index.snapshot_key])


def test_state_of_a_shallow_clone_is_not_stored(
    content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """The ids depend on the depth, which may change before the next start."""
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


def test_state_from_a_shallow_clone_is_not_stored_after_unshallow(
    content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """The next start replays the full history and finds the right ids."""
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


def test_stored_snapshot_is_not_written_again(
    content: ContentRepository, open_index: OpenIndex, disk_cache: Cache
) -> None:
    """The next commit changes the snapshot."""
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
