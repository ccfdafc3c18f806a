"""Feeds that a repository ships itself, compared with the posts that were found.

By the IDs in them, readers know the posts. A feed is a file with entries, or the template that the
engine makes one of. Nothing is run.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from syndicate.feeds.formats.entry_reader import FeedEntry, read_entries
from syndicate.model.post import IdRule
from syndicate.sites.configuration_reader import is_aside
from syndicate.sites.site import CommitFiles, Site, is_below

_FEED_NAME: Final = re.compile(
    r"(?:(?:[\w-]+[-_.])?(?:feed|atom|rss)(?:\.[\w.]+)?|index\.xml)", re.IGNORECASE
)
_TEMPLATES: Final = re.compile(r"\{\{|\{%|<%|\$\{")
_ITEM: Final = ("entry", "item")
_ITEM_ID: Final = ("guid", "id")
_PAGE_ID: Final = re.compile(r"\b(?:post|page|item|entry)\.id\b")
_SITE_VALUE: Final = re.compile(r"\b(?:site|metadata)\.\w+", re.IGNORECASE)
"""What the ID of an entry may begin with: the base URL of the site."""
_PAGE_URL: Final = re.compile(r"url|permalink|href|link", re.IGNORECASE)
_ENGINE_FEEDS: Final[Mapping[str, tuple[str, str, IdRule]]] = {
    "hugo": ("", "the feed that Hugo writes", "url"),
    "docusaurus": ("", "the feed that Docusaurus writes", "url"),
    "jekyll": (r"(?m)^(?![ \t]*#).*\bjekyll-feed\b", "the feed of jekyll-feed", "jekyll-feed"),
    "eleventy": ("@11ty/eleventy-plugin-rss", "the feed of @11ty/eleventy-plugin-rss", "url"),
    "astro": ("@astrojs/rss", "the feed of @astrojs/rss", "url"),
}
"""By engine: the package that writes feeds, empty for the engine itself, and what it uses as ID."""
_PACKAGE_FILES: Final = ("_config.yml", "_config.yaml", "Gemfile", "package.json")
_MAX_FILES: Final = 40
_MAX_SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPost:
    """A post as `init` finds it: its file, its URL, and what jekyll-feed would use as ID."""

    path: str
    url: str
    jekyll_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFeed:
    """A feed that the site has: ``ids`` is the rule by which readers know its posts, empty if none.

    Of a file with entries, ``entries`` are counted, ``matched`` have the URL of a post, and
    ``unmatched`` are the first URLs that no post has.
    """

    name: str
    ids: IdRule | None
    entries: int = 0
    matched: int = 0
    unmatched: tuple[str, ...] = ()


def find_feed(site: Site, posts: Sequence[ListedPost], files: CommitFiles) -> PublishedFeed | None:
    """Return the feed that ``site`` ships: a file with entries, a template, or its engine's."""
    contents = files.read(_feed_paths(site, files))
    compared = [
        _compare(path, entries, posts)
        for path, data in contents.items()
        if (entries := read_entries(data))
    ]
    if compared:
        return max(compared, key=lambda feed: (feed.matched, feed.entries))
    for path, data in contents.items():
        if rule := _template_rule(data.decode("utf-8", "replace")):
            return PublishedFeed(name=path, ids=rule)
    return _engine_feed(site, files)


def _feed_paths(site: Site, files: CommitFiles) -> list[str]:
    """Return the files of ``site`` that are called like a feed, the outermost first."""
    named = [
        path
        for path in files.paths
        if is_below(path, site.root)
        and _FEED_NAME.fullmatch(path.rpartition("/")[2])
        and not path.endswith((".md", ".scss", ".css", ".svg", ".png"))
        and not is_aside(path.removeprefix(site.root).strip("/").rpartition("/")[0])
    ]
    return sorted(named, key=lambda path: (path.count("/"), path))[:_MAX_FILES]


def _compare(path: str, entries: Sequence[FeedEntry], posts: Sequence[ListedPost]) -> PublishedFeed:
    by_location = {_location(post.url): post for post in posts}
    pairs = [(entry, by_location.get(_location(entry.url or entry.id))) for entry in entries]
    matched = [(entry, post) for entry, post in pairs if post]
    return PublishedFeed(
        name=path,
        ids=_common_rule(matched),
        entries=len(entries),
        matched=len(matched),
        unmatched=tuple(entry.url or entry.id for entry, post in pairs if not post)[:_MAX_SHOWN],
    )


def _common_rule(matched: Sequence[tuple[FeedEntry, ListedPost]]) -> IdRule | None:
    """Return the rule that gives the IDs of most of the matched entries, None if none does."""
    rules: Mapping[IdRule, int] = {
        "url": sum(entry.id == post.url for entry, post in matched),
        "jekyll-feed": sum(entry.id == post.jekyll_id for entry, post in matched),
    }
    best: IdRule = max(rules, key=lambda rule: rules[rule])
    return best if rules[best] * 2 > len(matched) else None


def _location(url: str) -> str:
    """Return host and path of ``url``, by which pages are compared: not scheme nor escaping."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return (parts.hostname or "").removeprefix("www.") + unquote(parts.path).rstrip("/")


def _template_rule(text: str) -> IdRule | None:
    """Return the rule by which the template ``text`` of a feed makes IDs, None if unclear."""
    found = [each for item in _contents(text, _ITEM) for each in _contents(item, _ITEM_ID)]
    made = " ".join(_SITE_VALUE.sub("", each) for each in found if _TEMPLATES.search(each))
    if _PAGE_ID.search(made):
        return "jekyll-feed"
    return "url" if _PAGE_URL.search(made) else None


def _contents(text: str, names: Sequence[str]) -> Iterator[str]:
    """Yield what is between the tags of the elements called ``names`` in a template.

    The time is proportional to the length of ``text``, also where end tags are missing.
    """
    start_tag = re.compile(rf"<(?:{'|'.join(names)})\b", re.IGNORECASE)
    end_tag = re.compile(rf"</(?:{'|'.join(names)})>", re.IGNORECASE)
    for part in end_tag.split(text)[:-1]:
        start = start_tag.search(part)
        if start:
            yield part[start.end() :].partition(">")[2]


def _engine_feed(site: Site, files: CommitFiles) -> PublishedFeed | None:
    """Return the feed that the engine or one of its packages writes, None if there is none."""
    pattern, name, rule = _ENGINE_FEEDS.get(site.engine, ("", "", "tag"))
    paths = [f"{site.root}/{file}".strip("/") for file in _PACKAGE_FILES]
    texts = [data.decode("utf-8", "replace") for data in files.read(paths).values()]
    uses_it = not pattern or any(re.search(pattern, text) for text in texts)
    return PublishedFeed(name=name, ids=rule) if name and uses_it else None
