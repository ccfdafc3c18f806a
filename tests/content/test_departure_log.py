"""The dates of feeds never go back, and depend on git and the clock alone."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from syndicate.content.source_index import SourceIndex
from tests.content.conftest import OpenIndex, file
from tests.content.feed_dates import DAY, Dates, feed_dates
from tests.content_repository import FIRST_COMMIT_AT, ContentRepository


def random_post(chance: random.Random, now: datetime) -> str:
    """Return a post with random words and front matter."""
    published = now + chance.choice([-30, -3, 0, 1]) * DAY
    expiry = {"expires": f"{now + chance.choice([1, 2]) * DAY:%Y-%m-%d %H:%M:%S} +0000"}
    return file(
        "A title",
        f"Words {chance.randrange(3)}.",
        date=f"{published:%Y-%m-%d %H:%M:%S} +0000",
        tags=chance.choice(["[a]", "[b]", "[a, b]", "[]"]),
        carousel_show=chance.choice(["true", "false"]),
        draft=chance.choice(["true", "false", "false"]),
        lang=chance.choice(["en", "es"]),
        **chance.choice([expiry, {}, {}]),
        **chance.choice([{"permalink": "/shared/"}, {}]),
    )


def random_commit(chance: random.Random, now: datetime) -> dict[str, str | None]:
    """Return a commit that writes, breaks, removes or moves a post."""
    path = f"news/{chance.choice('xyz')}.md"
    kind = chance.choice(["write", "write", "write", "break", "plain", "remove", "out", "in"])
    outside = path.replace("news/", "drafts/")
    text = random_post(chance, now)
    commits: dict[str, dict[str, str | None]] = {
        "write": {path: text},
        "break": {path: '---\ntitle: "Bad\n---\nwords\n'},
        "plain": {path: "No front matter\n"},
        "remove": {path: None},
        "out": {path: None, outside: text},
        "in": {path: text, outside: None},
    }
    return commits[kind]


CONFIGURATIONS = (
    "exclude: [_posts/*x.md]\n",
    "exclude: []\n",
    "title: A title\n",
    "defaults:\n- scope: {path: _posts, type: posts}\n  values: {published: false}\n",
    "defaults:\n- scope: {path: '', type: posts}\n  values: {lang: es, tags: [a]}\n",
    "defaults:\n- scope: {path: '', type: posts}\n  values: {draft: true}\n",
    "defaults:\n- scope: {path: '', type: posts}\n  values: {carousel_show: true}\n",
    "timezone: America/New_York\n",
    "collections: {news: {output: true}}\n",
    "collections: {news: {output: false}}\n",
    "permalink: /:year/\n",
    "defaults:\n- scope: {path: '', type: posts}\n  values: {permalink: /shared/}\n",
)
SITE = "url: https://www.example.gov\n"


def random_site_commit(chance: random.Random, now: datetime) -> dict[str, str | None]:
    """Return a commit that configures a site, or writes, breaks, removes or moves a post of it."""
    if chance.random() < 0.4:
        return {"_config.yml": SITE + chance.choice(CONFIGURATIONS)}
    if chance.random() < 0.05:
        return {"_config.yml": chance.choice([None, "[", "title: A site without a URL\n"])}
    folders = {"news": "_posts", "drafts": chance.choice(["_news", "_drafts", "_posts/_old"])}
    if chance.random() < 0.5:
        text = file("A title", f"Words {chance.randrange(3)}.")
        return {f"{folders[chance.choice([*folders])]}/2024-01-01-{chance.choice('xyz')}.md": text}
    return {
        f"{folders[folder]}/2024-01-01-{name}": content
        for path, content in random_commit(chance, now).items()
        for folder, _, name in [path.partition("/")]
    }


def times(now: datetime) -> Iterator[datetime]:
    """Yield times from a commit to the next one."""
    yield from (now + timedelta(hours=hours) for hours in (0, 1, 13, 23))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_dates_never_go_back(content: ContentRepository, open_index: OpenIndex, seed: int) -> None:
    """Over commits and time; a service that starts at any commit has the same dates."""
    chance = random.Random(seed)  # noqa: S311 — a reproducible history
    content.commit({"news/always.md": file("Always", date="2020-01-01", tags="[a, b]")})
    index, previous = open_index(), Dates()
    for number in range(1, 25):
        now = FIRST_COMMIT_AT + number * DAY
        content.commit(random_commit(chance, now), committed=now)
        for at in times(now):
            dates = feed_dates(index, at)
            assert all(dates[name] >= before for name, before in previous.items())
            assert all(max(pair) <= at for pair in dates.values())
            previous = dates
        if number % 8 == 0:
            index.save()
            assert feed_dates(open_index(), now + DAY / 2) == feed_dates(index, now + DAY / 2)
            empty = open_index(cache=f"empty-{number}")
            assert feed_dates(empty, now + DAY / 2) == feed_dates(index, now + DAY / 2)


@pytest.mark.parametrize("derived", [("folders", "timezone", "language"), ("timezone",)])
@pytest.mark.parametrize("seed", range(2))
def test_dates_never_go_back_when_the_site_is_configured(
    content: ContentRepository, open_index: OpenIndex, seed: int, derived: tuple[str, ...]
) -> None:
    """Configuration hides, shows and refiles posts; an empty store finds the same dates."""
    chance = random.Random(seed)  # noqa: S311 — a reproducible history
    always = file("Always", tags="[a, b]", published="true", draft="false")
    content.commit({"_config.yml": SITE, "_posts/2020-01-01-always.md": always})
    site: dict[str, Any] = {
        "folders": ("_posts",),
        "dialect": "jekyll",
        "derived": derived,
        "permalink": "",
    }
    index, previous = open_index(**site), Dates()
    for number in range(1, 25):
        now = FIRST_COMMIT_AT + number * DAY
        content.commit(random_site_commit(chance, now), committed=now)
        for at in (now, now + DAY / 2):
            dates = feed_dates(index, at)
            assert all(dates[name] >= before for name, before in previous.items())
            previous = dates
        if number % 6 == 0:
            index.save()
            for cache in ("cache", f"empty-{number}"):
                assert feed_dates(open_index(**site, cache=cache), now + DAY / 2) == previous
        if number % 12 == 0:
            index = open_index(**site)


def test_configuration_that_hides_posts_moves_the_feeds_they_were_in(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """Also where a later commit shows them again, and hides them by another line."""
    days = [FIRST_COMMIT_AT + number * DAY for number in range(6)]
    posts = {
        "_posts/2020-01-01-a.md": file(tags="[a]"),
        "_posts/old/2020-01-02-b.md": file(tags="[b]"),
    }
    lines = ["", "exclude: [_posts/old/*]\n", "", "title: A site\n"]
    for at, line in zip(days, lines, strict=False):
        content.commit({**posts, "_config.yml": SITE + line}, committed=at)
    index = open_index(folders=("_posts",), dialect="jekyll")
    dates = feed_dates(index, days[5])
    assert dates["category=a"] == (days[0], days[3])
    assert dates["category=b"] == dates[""] == (days[1], days[3])


def test_page_that_becomes_a_resource_of_a_bundle_leaves_its_feeds(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """Its own file did not change."""
    content.commit({"content/news/a/b.md": file(date="2020-01-01"), "hugo.toml": ""})
    content.commit(
        {"content/news/a/index.md": file(date="2019-01-01")}, committed=FIRST_COMMIT_AT + DAY
    )
    index = open_index(folders=("content",), dialect="hugo")
    snapshot = index.snapshot(index.repository.head())
    assert [departure.at for departure in snapshot.departures] == [FIRST_COMMIT_AT + DAY]


@pytest.mark.parametrize(
    ("dialect", "path", "text"),
    [
        ("eleventy", "posts/posts.json", '{"eleventyExcludeFromCollections": true}'),
        ("hugo", "config/_default/hugo.toml", 'ignoreFiles = ["a\\\\.md$"]'),
        ("hugo", "posts/_index.md", "---\ncascade: {build: {list: never}}\n---\n"),
    ],
)
def test_other_files_that_hide_posts_count_as_well(
    content: ContentRepository, open_index: OpenIndex, dialect: str, path: str, text: str
) -> None:
    """Directory data and cascades; data of texts and versions of programs do not."""
    root = "content/" if dialect == "hugo" else ""
    folder = f"{root}posts"
    content.commit(
        {
            f"{folder}/a.md": file(date="2020-01-01"),
            "hugo.toml": "baseURL = 'https://a.gov'\n",
            "package.json": "{}",
        }
    )
    content.commit({"package.json": '{"a": 1}', "data/a.json": "{}"})
    target = path if path.startswith("config") else f"{root}{path}"
    content.commit({target: text}, committed=FIRST_COMMIT_AT + DAY)
    index = open_index(folders=(folder,), dialect=dialect)
    snapshot = index.snapshot(index.repository.head())
    assert snapshot.posts == ()
    assert [departure.at for departure in snapshot.departures] == [FIRST_COMMIT_AT + DAY]


def test_no_post_leaves_a_feed_before_the_url_of_its_site_is_known(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """Nothing was served until a configuration named it."""
    post_files = [f"_posts/2020-01-0{number}-a.md" for number in (1, 2, 3)]
    content.commit({"_config.yml": "title: A\n"} | dict.fromkeys(post_files, file()))
    content.commit({post_files[1]: None}, committed=FIRST_COMMIT_AT + DAY)
    known = {"_config.yml": "url: https://www.agency.gov\n"}
    content.commit(known, committed=FIRST_COMMIT_AT + 2 * DAY)
    content.commit({post_files[0]: None}, committed=FIRST_COMMIT_AT + 3 * DAY)
    index = open_index(folders=("_posts",), dialect="jekyll", derived=("site_url",))
    snapshot = index.snapshot(index.repository.head())
    assert [departure.at for departure in snapshot.departures] == [FIRST_COMMIT_AT + 3 * DAY]


def test_every_removed_post_is_remembered(content: ContentRepository, index: SourceIndex) -> None:
    """However many others were removed after it."""
    many = {f"news/2020-01-01-{number}.md": file(tags="[a]") for number in range(1_001)}
    content.commit({"news/2020-01-01-b.md": file(tags="[b]"), "news/always.md": file(), **many})
    content.commit({"news/2020-01-01-b.md": None}, committed=FIRST_COMMIT_AT + DAY)
    content.commit(dict.fromkeys(many), committed=FIRST_COMMIT_AT + 2 * DAY)
    dates = feed_dates(index, FIRST_COMMIT_AT + 3 * DAY)
    assert dates["category=b"][0] == FIRST_COMMIT_AT + DAY
    assert dates["category=a"][0] == dates[""][0] == FIRST_COMMIT_AT + 2 * DAY


def test_removed_post_is_remembered_by_the_feeds_it_was_in(
    content: ContentRepository, index: SourceIndex
) -> None:
    """Other feeds do not change; the time of the removal is that of the commit."""
    content.commit({"news/2020-01-01-a.md": file(tags="[a]")})
    content.commit({"news/2020-01-02-b.md": file(tags="[b]")})
    content.commit({"news/2020-01-02-b.md": None}, committed=FIRST_COMMIT_AT + DAY)
    dates = feed_dates(index, FIRST_COMMIT_AT + 2 * DAY)
    assert dates["category=a"][0] == FIRST_COMMIT_AT
    assert dates["category=b"][0] == dates[""][0] == FIRST_COMMIT_AT + DAY


def test_configuration_moves_last_modified_alone(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """Of the files that are read; also where a branch is reset."""
    days = [FIRST_COMMIT_AT + number * DAY for number in range(5)]
    post = {"_posts/2020-01-01-a.md": file()}
    content.commit({"_config.yml": "url: https://www.example.gov\n", **post}, committed=days[0])
    index = open_index(folders=("_posts",), dialect="jekyll")
    assert feed_dates(index, days[4])[""] == (days[0], days[0])
    content.commit({"_config.yml": "url: https://www.example.gov\ntitle: A\n"}, committed=days[1])
    assert feed_dates(index, days[4])[""] == (days[0], days[1])
    content.commit({"other.yml": "a: b\n", "README.md": "Read me"}, committed=days[2])
    assert feed_dates(index, days[4])[""] == (days[0], days[1])


@pytest.mark.parametrize(
    ("dialect", "path", "texts"),
    [
        ("jekyll", "_data/authors.yml", ("ada: {name: Ada}\n", "ada: {name: Ada L}\n")),
        ("eleventy", "posts/posts.json", ('{"tags": "a"}', '{"tags": "b"}')),
        ("hugo", "config/_default/params.toml", ("a = 1\n", "a = 2\n")),
        ("hugo", "content/posts/_index.md", ("---\ntitle: A\n---\n", "---\ntitle: B\n---\n")),
    ],
)
def test_removed_configuration_does_not_set_last_modified_back(
    content: ContentRepository, open_index: OpenIndex, dialect: str, path: str, texts: list[str]
) -> None:
    """Nor with a start that has stored nothing, or everything; other files do not count."""
    days = [FIRST_COMMIT_AT + number * DAY for number in range(8)]
    folder = {"jekyll": "_posts", "eleventy": "posts", "hugo": "content/posts"}[dialect]
    main = {
        "jekyll": {"_config.yml": SITE, "_data/other.yml": ""},
        "eleventy": {},
        "hugo": {"config/_default/hugo.toml": "baseURL = 'https://www.example.gov'\n"},
    }[dialect]
    content.commit({**main, f"{folder}/2020-01-01-a.md": file(date="2020-01-01")})
    site: dict[str, Any] = {"folders": (folder,), "dialect": dialect}
    index, previous = open_index(**site), days[0]
    own, other = [*texts, None], ["a: b", None]
    changes = [(path, text) for text in own] + [("other.yml", text) for text in other]
    for at, (name, text) in zip(days[1:], changes, strict=False):
        content.commit({name: text}, committed=at)
        now = feed_dates(index, days[7])[""][1]
        assert now == (at if name == path else previous)
        previous = now
    assert feed_dates(open_index(**site, cache="empty"), days[7])[""][1] == previous
    index.save()
    restarted = open_index(**site)
    content.commit({f"{folder}/2020-01-01-a.md": file(date="2020-01-01")}, committed=days[6])
    assert feed_dates(restarted, days[7])[""][1] == previous


def test_removal_with_an_earlier_date_does_not_set_last_modified_back(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """The clocks of those who commit differ; each start says the same."""
    folder = "config/_default"
    content.commit(
        {
            f"{folder}/hugo.toml": "baseURL = 'https://www.example.gov'\n",
            f"{folder}/params.toml": "a = 1\n",
            f"{folder}/permalinks.toml": "posts = '/:slug/'\n",
            "content/posts/a.md": file(date="2020-01-01"),
        }
    )
    site: dict[str, Any] = {"folders": ("content/posts",), "dialect": "hugo"}
    index = open_index(**site)
    june, may = FIRST_COMMIT_AT + 200 * DAY, FIRST_COMMIT_AT + 170 * DAY
    for path, at in ((f"{folder}/params.toml", june), (f"{folder}/permalinks.toml", may)):
        content.commit({path: None}, committed=at)
        assert index.snapshot(index.repository.resolve("main")).configured == june
    index.save()
    for restarted in (open_index(**site), open_index(**site, cache="empty")):
        assert restarted.snapshot(index.repository.resolve("main")).configured == june


def test_each_removed_file_counts(content: ContentRepository, open_index: OpenIndex) -> None:
    """However many others, which configure nothing, the same commit removes."""
    main = {"_config.yml": SITE, "_posts/2020-01-01-a.md": file()}
    content.commit(main)
    others = [f"_data/other/{number:02}.yml" for number in range(25)]
    content.commit({"_data/authors.yml": "ada: {name: Ada}\n", **dict.fromkeys(others, "a: b\n")})
    at = FIRST_COMMIT_AT + 9 * DAY
    content.commit({"_data/authors.yml": None, **dict.fromkeys(others)}, committed=at)
    index = open_index(folders=("_posts",), dialect="jekyll")
    assert index.snapshot(index.repository.resolve("main")).configured == at


def test_configuration_is_found_after_a_branch_was_rewritten(
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """The commit of the last snapshot may be gone."""
    days = [FIRST_COMMIT_AT + number * DAY for number in range(5)]
    site = {"_config.yml": "url: https://www.example.gov\n", "_posts/2020-01-01-a.md": file()}
    content.commit(site, committed=days[0])
    index = open_index(folders=("_posts",), dialect="jekyll")
    content.commit({"_config.yml": "url: https://www.example.gov\ntitle: A\n"}, committed=days[1])
    assert feed_dates(index, days[4])[""][1] == days[1]
    content.reset("main~1")
    content.git("reflog", "expire", "--expire=now", "--all")
    content.git("gc", "--quiet", "--prune=now")
    index.repository.close()
    assert feed_dates(index, days[4])[""][1] == days[0]
