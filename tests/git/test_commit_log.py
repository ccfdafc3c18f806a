"""The last commits that changed files, with their subjects."""

from datetime import timedelta

from syndicate.git import Repository
from syndicate.git.commit_log import last_change, merge_base, recent_commits
from syndicate.model.post import CommitId
from tests.content_repository import FIRST_COMMIT_AT, ContentRepository


def test_last_commits_of_paths_are_listed(
    content: ContentRepository, repository: Repository
) -> None:
    """The newest first, at most as many as asked for; others are left out."""
    content.commit({"news/a.md": "1"}, "Add a post\n\nIts reasons.")
    other = content.commit({"README": "1"}, "Say what this is")
    last = content.commit({"_config.yml": "title: x"}, "Ändere den Titel " + "x" * 300)

    found = recent_commits(repository, CommitId(last), ("news", "_config.yml"), 2)
    (only,) = recent_commits(repository, CommitId(last), ("news", "_config.yml"), 1)

    assert [commit.subject for commit in found][1:] == ["Add a post"]
    assert found[0].subject == "Ändere den Titel " + "x" * 183
    assert (found[0].id, found[0].parent) == (last, other)
    assert found[1].parent is None
    assert found[1].time == FIRST_COMMIT_AT
    assert only == found[0]
    assert recent_commits(repository, CommitId(last), ("nowhere",), 2) == ()


def test_time_of_the_last_change_is_found(
    content: ContentRepository, repository: Repository
) -> None:
    """After a commit, or at all."""
    first = content.commit({"news/a.md": "1"})
    last = content.commit({"news/b.md": "1"})

    assert last_change(repository, CommitId(last), ["news/a.md"]) == FIRST_COMMIT_AT
    assert last_change(repository, CommitId(last), ["news/a.md"], since=CommitId(first)) is None
    assert last_change(
        repository, CommitId(last), ["news/b.md"], since=CommitId(first)
    ) == FIRST_COMMIT_AT + timedelta(minutes=1)


def test_last_common_commit_of_branches_is_found(
    content: ContentRepository, repository: Repository
) -> None:
    """None of branches that have no commit in common."""
    common = content.commit({"news/a.md": "1"})
    content.create_branch("fix")
    branch = content.commit({"news/b.md": "1"}, branch="fix")
    later = content.commit({"news/c.md": "1"})
    tree = content.git("write-tree").strip()
    unrelated = content.git("commit-tree", tree, "-m", "unrelated").strip()

    assert merge_base(repository, CommitId(later), CommitId(branch)) == common
    assert merge_base(repository, CommitId(branch), CommitId(common)) == common
    assert merge_base(repository, CommitId(later), CommitId(unrelated)) is None
