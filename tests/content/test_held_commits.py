"""A commit of configuration that changes many posts is held until it is accepted."""

import pytest

from syndicate.content.source_index import SourceIndex
from syndicate.model.edition import SourceSnapshot
from syndicate.model.post import Path
from tests.content.site_index import Open, content, open_index
from tests.content.test_site_source import CONFIG, urls
from tests.content_repository import Content, ContentRepository
from tests.sites.written_site import post

__all__ = ["content", "open_index"]

MOVED = CONFIG.replace("/news/", "/blog/")


def served(index: SourceIndex) -> SourceSnapshot:
    """Return what is served at the head."""
    return index.served(index.repository.head())


def folders(snapshot: SourceSnapshot) -> set[str]:
    """Return the first parts of the paths of all URLs."""
    return {url.split("/")[3] for url in urls(snapshot)}


def test_commit_that_moves_all_posts_is_held_until_it_is_accepted(
    content: ContentRepository, open_index: Open
) -> None:
    """The posts of the commit before are served, and a problem counts the others."""
    before = served(index := open_index())
    moving = content.commit({"_config.yml": MOVED})
    held = served(index)
    assert (held.posts, held.commit) == (before.posts, before.commit)
    assert (held.error_code, held.is_stale) == ("changes-held", False)
    (problem, *_) = held.problems
    assert (problem.rule, problem.level) == ("changes-held", "error")
    assert "30 of 30 posts" in problem.message
    assert "--accept-changes" in problem.hint
    assert index.held_commit == moving
    content.commit({"_posts/2024-05-07-new.md": post(title="New")})
    assert urls(served(index)) == urls(before)
    accepted = open_index(moving)
    assert folders(served(accepted)) == {"blog"}
    assert len(served(accepted).posts) == 31
    assert accepted.held_commit is None


@pytest.mark.slow
def test_held_commit_stays_held_after_a_restart(
    content: ContentRepository, open_index: Open
) -> None:
    """As the cache remembers what was served; a source that is new is served as it is."""
    served(open_index())
    content.commit({"_posts/2024-05-07-new.md": post(title="New")})
    content.commit({"_config.yml": MOVED})
    held = served(open_index())
    assert (folders(held), len(held.posts)) == ({"news"}, 31)
    assert folders(served(open_index(cache="cold"))) == {"blog"}
    assert folders(served(open_index())) == {"news"}


def test_trial_is_not_remembered(content: ContentRepository, open_index: Open) -> None:
    """As of a dry run, which accepts for itself."""
    served(open_index())
    moving = content.commit({"_config.yml": MOVED})
    trial = open_index(moving)
    assert folders(trial.served(trial.repository.head(), is_trial=True)) == {"blog"}
    assert folders(served(open_index())) == {"news"}


def test_reverted_change_is_not_held(content: ContentRepository, open_index: Open) -> None:
    """What is served is what was served."""
    before = served(index := open_index())
    content.commit({"_config.yml": MOVED})
    assert served(index).error
    content.commit({"_config.yml": CONFIG})
    after = served(index)
    assert (after.error, after.posts, after.commit) == ("", before.posts, content.head())


@pytest.mark.parametrize(
    "files",
    [
        {"_config.yml": MOVED, "_posts/2024-05-06-p1.md": post(title="Other")},
        {"_config.yml": f"{CONFIG}title: Other\n", "_data/authors.yml": "ann: Ann\n"},
        {"_config.yml": CONFIG.replace("/news/", "/news/"), "img/a.svg": "<svg/>"},
        {"README.txt": "Nothing"},
    ],
)
def test_other_commits_are_not_held(
    content: ContentRepository, open_index: Open, files: dict[str, Content]
) -> None:
    """Those that change a post as well, or no URL and no date."""
    index = open_index()
    served(index)
    content.commit(files)
    assert (served(index).error, served(index).commit) == ("", content.head())


@pytest.mark.parametrize(
    ("config", "held"),
    [
        (CONFIG.replace("agency.gov", "new.agency.gov"), True),
        (CONFIG.replace("New_York", "Chicago"), True),
        (f"{CONFIG}exclude: [_posts/2024-05-06-p1*]\n", False),
        (f"{CONFIG}defaults: [{{scope: {{path: ''}}, values: {{published: false}}}}]\n", True),
    ],
)
def test_urls_dates_and_visibility_count(
    content: ContentRepository, open_index: Open, config: str, *, held: bool
) -> None:
    """Of more than 20 posts, and of more than a tenth."""
    index = open_index()
    served(index)
    content.commit({"_config.yml": config})
    assert bool(served(index).error) is held


@pytest.mark.slow
def test_twenty_posts_may_change(content: ContentRepository, open_index: Open) -> None:
    """However few there are; and a tenth of many."""
    content.commit({f"_posts/2024-05-06-p{number}.md": None for number in range(20, 30)})
    index = open_index()
    served(index)
    content.commit({"_config.yml": MOVED})
    assert folders(served(index)) == {"blog"}
    many = {
        f"_posts/2024-06-07-q{number}.md": post(title="Q", permalink=f"/q/{number}")
        for number in range(205)
    }
    content.commit({**many, "_posts/2024-06-08-r.md": post(title="R")})
    served(index)
    content.commit({"_config.yml": CONFIG})
    assert folders(served(index)) == {"news", "q"}


def test_rewritten_history_is_not_held(content: ContentRepository, open_index: Open) -> None:
    """A commit that is not on the line of the served one says nothing about it."""
    index = open_index()
    content.commit({"_data/a.yml": "a: b"})
    served(index)
    content.reset("main~1")
    content.commit({"_config.yml": MOVED})
    assert folders(served(index)) == {"blog"}


def test_source_with_all_settings_is_not_held(content: ContentRepository, open_index: Open) -> None:
    """No configuration counts for it."""
    index = open_index(
        derived=(), dialect="news-and-blog", folders=(Path("_posts"),), site_url="https://a.gov"
    )
    assert len(served(index).posts) == 30
    content.commit({"_config.yml": MOVED})
    assert (served(index).error, index.held_commit) == ("", None)
