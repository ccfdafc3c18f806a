"""Snapshots of a source: posts, hidden files, broken files and incremental updates."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from syndicate import telemetry
from syndicate.content.source_index import SourceIndex
from syndicate.errors import RepositoryError
from syndicate.model.edition import SourceSnapshot
from syndicate.model.post import CommitId
from tests.content.conftest import OpenIndex, counter_value, file
from tests.content_repository import FIRST_COMMIT_AT, ContentRepository

FIRST = "news/2023-11-06-first.md"
SECOND = "news/2023-11-07-second.md"


def at_head(index: SourceIndex) -> SourceSnapshot:
    """Return the snapshot of ``index`` at the head of its branch."""
    return index.snapshot(index.repository.head())


def parsed() -> float:
    """Return how many files were parsed for the source ``news`` so far."""
    return counter_value(telemetry.posts_parsed_total, source="news")


def test_file_with_front_matter_is_a_post(content: ContentRepository, index: SourceIndex) -> None:
    """The fields are those of the file, id and *updated* those of the history."""
    commit = content.commit({FIRST: file("Hello", tags="[tts, New]")})
    snapshot = at_head(index)
    (post,) = snapshot.posts
    assert (snapshot.commit, snapshot.committed) == (commit, FIRST_COMMIT_AT)
    assert (post.title, post.url) == ("Hello", "https://www.example.gov/news/2023-11-06-first")
    assert [category.slug for category in post.categories] == ["tts", "new"]
    assert post.published.isoformat() == "2023-11-06T00:00:00-05:00"
    assert post.updated == FIRST_COMMIT_AT
    assert post.id.startswith("tag:www.example.gov,2024-01-01:")
    assert not snapshot.error


def test_hidden_files_have_a_reason(content: ContentRepository, index: SourceIndex) -> None:
    """Files are skipped by name, lack front matter, or are hidden by it."""
    content.commit(
        {
            "news/README.md": "# About",
            "news/plain.md": "No front matter",
            "news/blank.md": "\n",
            "news/2023-11-06-draft.md": file(draft="true"),
            "news/picture.png": b"\x89PNG",
        }
    )
    snapshot = at_head(index)
    assert not snapshot.posts
    assert {file.path: file.reason for file in snapshot.hidden} == {
        "news/README.md": "README",
        "news/plain.md": "has no front matter",
        "news/blank.md": "has no front matter",
        "news/2023-11-06-draft.md": "draft: true",
        "news/picture.png": "not a Markdown or HTML file",
    }
    assert [(problem.rule, problem.path) for problem in snapshot.problems] == [
        ("no-front-matter", "news/plain.md")
    ]


def test_broken_file_keeps_its_last_valid_version(
    content: ContentRepository, index: SourceIndex
) -> None:
    """The problem names file and line; blob and words are those of the valid version."""
    content.commit({FIRST: file("Good")})
    good = at_head(index).posts
    content.commit({FIRST: '---\ntitle: "Bad\n---\nwords\n'})
    snapshot = at_head(index)
    assert snapshot.posts == good
    (problem,) = snapshot.problems
    assert (problem.level, problem.path) == ("error", FIRST)
    assert problem.line > 0


def test_file_without_a_valid_version_is_hidden(
    content: ContentRepository, index: SourceIndex
) -> None:
    """The other files are served."""
    content.commit({FIRST: "---\ntitle: [\n---\n", SECOND: file()})
    snapshot = at_head(index)
    assert [post.path for post in snapshot.posts] == [SECOND]
    assert [(file.path, file.reason) for file in snapshot.hidden] == [(FIRST, "unreadable")]


def test_updated_changes_only_with_the_words(
    content: ContentRepository, index: SourceIndex
) -> None:
    """Changes of markup, moves and broken versions do not count."""
    content.commit({FIRST: file(words="Some words.")})
    changed = content.now
    content.commit({FIRST: file(words="Other words.")})
    content.commit({FIRST: "---\ntitle: [\n---\n"})
    content.commit({FIRST: file(words="*Other* words.")})
    content.rename(FIRST, SECOND)
    (post,) = at_head(index).posts
    assert post.updated == changed


def test_updated_is_never_before_published(content: ContentRepository, index: SourceIndex) -> None:
    """A future post is updated when it is published."""
    content.commit({FIRST: file(date="2030-01-01")})
    (post,) = at_head(index).posts
    assert post.updated == post.published


def test_post_without_a_date_has_the_time_of_its_first_commit(
    content: ContentRepository, index: SourceIndex
) -> None:
    """The precision is a second, the zone that of the source."""
    content.commit({"news/dateless.md": file()})
    content.commit({"news/dateless.md": file(words="Other words.")})
    (post,) = at_head(index).posts
    assert post.published.isoformat() == "2024-01-01T07:00:00-05:00"
    assert post.precision == "second"


def test_only_changed_files_are_parsed_again(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """An edited post is one parsed file; a restart parses none."""
    content.commit({f"news/2023-11-06-post-{n}.md": file(words=f"Words {n}.") for n in range(20)})
    index = open_index()
    before = parsed()
    at_head(index)
    assert parsed() - before == 20
    content.commit({"news/2023-11-06-post-7.md": file(words="New words.")})
    at_head(index)
    assert parsed() - before == 21
    assert len(at_head(open_index()).posts) == 20
    assert parsed() - before == 21


@pytest.mark.slow
def test_incremental_result_equals_full_result(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """After edits, moves, drafts, duplicate URLs, other files and resets of the branch."""
    chance = random.Random(11)  # noqa: S311 — reproducible
    names = [f"{folder}/2024-01-0{n}-{n}.md" for folder in ("news", "news/x", "q") for n in (1, 2)]
    texts = [
        file("One", "Words. " * 30),
        file("Two", "Others. " * 30),
        file("Draft", draft="true"),
        file("Same", permalink="/same"),
        "---\nbad: [\n---\n",
    ]
    stepwise = open_index()
    content.commit({names[0]: texts[0]})
    for number in range(40):
        there = content.git("ls-tree", "-r", "--name-only", "main").split()
        old, new = chance.choice(there), chance.choice([*names, "news/a.png", "news/README.md"])
        if number % 5 == 1 and old != new:
            content.rename(old, new)
        elif number % 7 == 6:
            content.git("update-ref", "refs/heads/main", "main~1")
        else:
            gone = {old: None} if number % 3 == 0 and len(there) > 2 else {}
            content.commit({**gone, new: chance.choice(texts)})
        assert at_head(stepwise) == at_head(open_index())


def test_failed_snapshot_can_be_repeated(content: ContentRepository, index: SourceIndex) -> None:
    """The next snapshot is complete."""
    content.commit({FIRST: file("First"), SECOND: file("Second")})
    at_head(index)
    content.commit({FIRST: file("Edited")})
    with pytest.raises(RepositoryError):
        index.snapshot(CommitId("1" * 40))
    assert [post.title for post in at_head(index).posts] == ["Edited", "Second"]


def test_first_published_of_two_posts_with_one_url_is_served(
    content: ContentRepository, index: SourceIndex
) -> None:
    """The other one is not served; the problem names both files."""
    content.commit({FIRST: file(permalink="/same"), SECOND: file(permalink="/same")})
    snapshot = at_head(index)
    assert [post.path for post in snapshot.posts] == [FIRST]
    (problem,) = snapshot.problems
    assert (problem.rule, problem.path) == ("duplicate-address", SECOND)
    assert FIRST in problem.message


@pytest.mark.parametrize("gone", [{FIRST: None}, {FIRST: None, "old/a.md": file()}])
def test_emptied_folder_keeps_its_last_posts(
    content: ContentRepository, open_index: OpenIndex, gone: dict[str, str | None]
) -> None:
    """The posts are served, also after a restart, until others are added."""
    commit = content.commit({FIRST: file("Kept")})
    index = open_index()
    kept = at_head(index).posts
    emptied = content.commit(gone)
    content.commit({"elsewhere.md": "x"})
    for snapshot in (at_head(index), at_head(open_index())):
        assert snapshot.posts == kept
        assert snapshot.commit == commit
        assert "news had posts and has none now" in snapshot.error
        assert index.emptied_by == emptied
    content.commit({SECOND: file("New")})
    healed = at_head(index)
    assert [post.title for post in healed.posts] == ["New"]
    assert not healed.error


def test_accepted_removal_empties_the_source(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """The operator accepted that the folder is empty."""
    content.commit({FIRST: file()})
    emptied = content.commit({FIRST: None})
    index = open_index(accepted=emptied)
    snapshot = at_head(index)
    assert index.emptied_by is None
    assert not snapshot.posts
    assert not snapshot.error
    assert [problem.rule for problem in snapshot.problems] == ["no-posts"]


def test_removal_can_be_accepted_while_the_last_posts_are_served(
    index: SourceIndex, content: ContentRepository
) -> None:
    """The next snapshot of the same commit is empty."""
    accepted: set[CommitId] = set()
    index.accepted = lambda: frozenset(accepted)
    content.commit({FIRST: file()})
    content.commit({FIRST: None})
    assert len(at_head(index).posts) == 1
    assert index.emptied_by
    accepted.add(index.emptied_by)
    snapshot = at_head(index)
    assert not snapshot.posts
    assert not snapshot.error


def test_folder_that_never_had_posts_is_a_problem(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """The other folders are served."""
    content.commit({FIRST: file()})
    snapshot = at_head(open_index(folders=("news", "nwes")))
    assert len(snapshot.posts) == 1
    assert [(problem.rule, problem.path) for problem in snapshot.problems] == [("no-posts", "nwes")]


def test_root_of_the_repository_can_be_the_folder(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """A folder ``.`` is the root."""
    content.commit({"2023-11-06-first.md": file()})
    assert len(at_head(open_index(folders=(".",))).posts) == 1


def test_rewritten_history_with_the_same_creations_keeps_ids(
    content: ContentRepository, index: SourceIndex
) -> None:
    """After a force-push, the history is replayed from the root commit."""
    content.commit({FIRST: file()}, committed=FIRST_COMMIT_AT)
    content.commit({SECOND: file("Second")}, committed=FIRST_COMMIT_AT + timedelta(days=1))
    before = {post.path: post.id for post in at_head(index).posts}
    content.git("checkout", "-q", "--orphan", "other")
    content.git("update-ref", "-d", "refs/heads/main")
    content.commit({FIRST: file()}, "Say it otherwise", committed=FIRST_COMMIT_AT)
    content.commit({SECOND: file("Other")}, committed=FIRST_COMMIT_AT + timedelta(days=1))
    assert {post.path: post.id for post in at_head(index).posts} == before


def test_missing_commit_is_an_error(content: ContentRepository, index: SourceIndex) -> None:
    """The error of git has a hint."""
    content.commit({FIRST: file()})
    with pytest.raises(RepositoryError):
        index.snapshot(CommitId("1" * 40))


def test_snapshot_of_an_older_commit(content: ContentRepository, index: SourceIndex) -> None:
    """An index can go back to an older commit, as for `--rev`."""
    first = content.commit({FIRST: file("Old")}, committed=datetime(2024, 1, 1, tzinfo=UTC))
    content.commit({FIRST: file("New")})
    assert at_head(index).posts[0].title == "New"
    assert index.snapshot(CommitId(first)).posts[0].title == "Old"
