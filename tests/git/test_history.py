"""The first-parent history of page files."""

import pathlib
import random

import pytest

from syndicate.errors import RepositoryError
from syndicate.git import Repository
from syndicate.model.post import CommitId, Path
from tests.content_repository import FIRST_COMMIT_AT, Content, ContentRepository, Symlink


def test_history_is_first_parent_oldest_first_with_renames(
    content: ContentRepository, repository: Repository
) -> None:
    """A branch appears with its merge; other files are left out; renames are detected."""
    text = "".join(f"line {number}\n" for number in range(20))
    first = content.commit({"_posts/a.md": text, "logo.svg": ""})
    content.create_branch("topic")
    content.commit({"logo.svg": "new"})
    content.commit({"new.markdown": "n"}, branch="topic")
    content.rename("_posts/a.md", "content/posts/a.md")
    merged = content.merge("topic", {"new.markdown": "n"})
    head = CommitId(content.commit({"content/posts/a.md": None, "b.html": text + "more\n"}))
    found = list(repository.history(head))
    assert [
        [(change.kind, change.old_path, change.path) for change in commit.changes]
        for commit in found
    ] == [
        [("added", "_posts/a.md", "_posts/a.md")],
        [("renamed", "_posts/a.md", "content/posts/a.md")],
        [("added", "new.markdown", "new.markdown")],
        [("renamed", "content/posts/a.md", "b.html")],
    ]
    assert (found[0].id, found[0].time) == (first, FIRST_COMMIT_AT)
    assert (found[2].id, found[3].id) == (merged, head)
    news = repository.commits_since(head, CommitId(merged))
    assert news is not None
    assert list(news.commits) == found[3:]


@pytest.mark.slow
def test_commits_since_equal_the_end_of_the_history(
    content: ContentRepository, repository: Repository
) -> None:
    """After random edits, moves, deletions and restored files; the final blobs match too."""
    chance = random.Random(5)  # noqa: S311 — reproducible
    names = [f"{folder}/{name}" for folder in "pq" for name in ("a.md", "b.HTML", "c.txt", "d.md")]
    texts = ["".join(f"{number} {line}\n" for line in range(20)) for number in range(3)]
    made = [CommitId(content.commit({names[0]: texts[0]}))]
    for number in range(40):
        there = content.git("ls-tree", "-r", "--name-only", "main").split()
        old, new = chance.choice(there), chance.choice(names)
        files: dict[str, Content] = {chance.choice(names): chance.choice(texts) + f"{number}\n"}
        files |= {old: None} if number % 3 == 0 and len(there) > 1 else {}
        files |= {old: Symlink("x")} if number % 20 == 7 else {}
        moves = {old: new} if number % 4 == 1 and old != new else {}
        made.append(CommitId(content.commit({} if moves else files, moves=moves)))
    whole = list(repository.history(made[-1]))
    kinds = {change.kind for commit in whole for change in commit.changes}
    assert kinds == {"added", "modified", "deleted", "renamed"}
    for number, since in enumerate(made):
        until = made[min(number + 1 + number % 4, len(made) - 1)]
        between = made[number + 1 : made.index(until) + 1]
        expected = [commit for commit in whole if commit.id in between]
        news = repository.commits_since(until, since)
        assert news is not None
        assert list(news.commits) == expected
        files = {entry.path: entry.blob for entry in repository.list_files(since, [Path(".")])}
        for path, blob in news.files.items():
            if blob is None:
                files.pop(path, None)
            else:
                files[path] = blob
        assert files == {
            entry.path: entry.blob for entry in repository.list_files(until, [Path(".")])
        }


def test_page_extensions_are_case_insensitive(
    content: ContentRepository, repository: Repository
) -> None:
    """As written by file systems without lower case."""
    only = CommitId(content.commit({"POST.MD": "1"}))
    (commit,) = repository.history(only)
    assert [change.path for change in commit.changes] == ["POST.MD"]


@pytest.mark.slow
def test_single_reads_and_log_give_the_same_commits(
    content: ContentRepository, repository: Repository, tmp_path: pathlib.Path
) -> None:
    """With merges and moves, for few and for many commits."""
    made = [CommitId(content.commit({"a.md": "1", "x\nthat was all": "1"}))]
    for number in range(10):
        content.create_branch(f"topic-{number}")
        content.commit({f"{number}.md": f"{number}"}, branch=f"topic-{number}")
        made.append(CommitId(content.merge(f"topic-{number}", {f"{number}.md": f"{number}"})))
    head = CommitId(content.commit({}, moves={"9.md": "nine.md"}))
    whole = list(repository.history(head))
    for number, since in enumerate(made):
        news = repository.commits_since(head, since)
        assert news is not None
        assert list(news.commits) == whole[number + 1 :]
        shallow = tmp_path / f"shallow-{number}"
        content.git(
            "clone", "-q", f"--depth={len(made) + 1}", f"file://{content.path}", f"{shallow}"
        )
        with Repository.open(str(shallow), ref="main", mirrors=tmp_path / "var") as cut:
            assert cut.commits_since(head, since) == news


def test_missing_blob_of_a_possible_rename_is_an_error(
    content: ContentRepository, repository: Repository
) -> None:
    """The error names the blob, which git has to compare with the page that was added."""
    content.commit({"a.md": "".join(f"line {number}\n" for number in range(20))})
    blob = content.git("rev-parse", "main:a.md")
    head = CommitId(content.commit({"a.md": None, "b.md": "other words\n"}))
    (content.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(RepositoryError, match=blob) as caught:
        list(repository.history(head))
    assert caught.value.code == "missing-object"


def test_missing_commit_is_an_error(content: ContentRepository, repository: Repository) -> None:
    """The error names the missing object."""
    made = [CommitId(content.commit({"a.md": f"{number}"})) for number in range(3)]
    lost = content.path / ".git" / "objects" / made[1][:2] / made[1][2:]
    lost.unlink()
    with pytest.raises(RepositoryError):
        repository.commits_since(made[2], made[0])
