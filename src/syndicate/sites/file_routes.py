"""File-based routing: URL patterns from the names of route files, which are data of a commit.

``app/blog/[year]/[slug]/page.tsx`` serves ``/blog/:year/:slug``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from syndicate.model.languages import LANGUAGES
from syndicate.model.url_patterns import absolute, encoded
from syndicate.sites.configuration_reader import BLOG_NAMES
from syndicate.sites.site import (
    ConfiguredValue,
    LinkedPages,
    Page,
    PostFolder,
    Site,
    is_below,
    joined,
    stem,
)
from syndicate.sites.values import first_text, text

_DYNAMIC: Final = re.compile(r"\[{1,2}(\.\.\.)?([\w-]+)\]{1,2}")
_LANGUAGE_NAMES: Final = frozenset({"locale", "lang", "language", "lng"})
_LIST_NAMES: Final = frozenset(
    {"page", "tag", "tags", "category", "categories", "topic", "author", "authors", "year", "month"}
)
"""Last placeholders of routes that list pages."""
_PARTS_OF_DATES: Final = frozenset({"year", "month", "day"})
_OWN_KEYS: Final = frozenset({"slug", "url", "permalink"})
"""Placeholders whose value may stand in the front matter, under the same name."""
_LANGUAGE: Final = re.compile(r"([a-z]{2})(?:[-_][A-Za-z]{2,4})?")
_DATED: Final = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})-(?=.)")
_PLACEHOLDER: Final = re.compile(r":([\w-]+)")


@dataclass(frozen=True, slots=True)
class Route:
    """A route with a dynamic last part: its pattern, and the file it is from.

    ``[...slug]`` takes the folders of a page as well. ``collections`` are the names that its file
    has for the pages that it shows.
    """

    pattern: str
    path: str
    takes_folders: bool = True
    collections: frozenset[str] = frozenset()

    @property
    def fixed(self) -> tuple[str, ...]:
        """Return the parts of the pattern that are no placeholders."""
        return tuple(part for part in self.pattern.split("/") if part and part[0] != ":")


def route(
    parts: Iterable[str], path: str, collections: frozenset[str] = frozenset()
) -> Route | None:
    """Return the route that the folders and names ``parts`` make; None if it is not of one page."""
    kept: list[str] = []
    takes_folders = False
    for part in parts:
        dynamic = _DYNAMIC.fullmatch(part)
        if dynamic:
            kept.append(f":{dynamic[2]}")
            takes_folders = dynamic[1] is not None
        elif part[:1] not in ("(", "@") and part != "index":
            kept.append(part)
    last = kept[-1][1:] if kept and kept[-1].startswith(":") else ""
    if not last or last in _LIST_NAMES | _LANGUAGE_NAMES:
        return None
    pattern = "/" + "/".join(kept)
    return Route(pattern, path, takes_folders=takes_folders, collections=collections)


def routes_of(site: Site) -> tuple[Route, ...]:
    """Return the routes that were read with ``site``."""
    return cast("tuple[Route, ...]", site.options["routes"])


def route_of(folder: str, routes: Sequence[Route]) -> Route | None:
    """Return the route of the pages in ``folder``, None if no route fits.

    One that names the folder as its collection, else the one whose fixed parts fit best, else the
    only one of a blog, else the only one.
    """
    parts = {_singular(part) for part in folder.lower().split("/")}
    scored = [
        (sum(_singular(part.lower()) in parts for part in route.fixed), route) for route in routes
    ]
    fitting = [(score, route) for score, route in scored if score == len(route.fixed) and score]
    named = [pair for pair in scored if folder.rpartition("/")[2] in pair[1].collections]
    for candidates in (named, fitting):
        if candidates:
            return max(candidates, key=lambda pair: (pair[0], -len(pair[1].pattern)))[1]
    blogs = [route for route in routes if any(part.lower() in BLOG_NAMES for part in route.fixed)]
    alone = blogs or routes
    return alone[0] if len(alone) == 1 else None


def filled(pattern: str, inside: str, own: str, published: datetime | None, language: str) -> str:
    """Return ``pattern`` for the page at ``inside`` its folder; ``own`` is its slug, if it has one.

    Parts of a date are those of the file name, else of ``published``. A pattern with parts of a
    date takes the day out of the name. Without a ``language`` its placeholder is left out.
    """
    name = stem(inside)
    if name == "index" and "/" in inside:
        inside = inside.rpartition("/")[0] + "."
        name = stem(inside.removesuffix("."))
    dated = _DATED.match(name)
    words = set(_PLACEHOLDER.findall(pattern))
    values: dict[str, str] = dict(_date_parts(published)) | (dated.groupdict() if dated else {})
    has_date = bool(words & _PARTS_OF_DATES)
    folder = inside.rpartition("/")[0]
    last = own or joined(folder, name[dated.end() :] if dated and has_date else name)

    def fill(match: re.Match[str]) -> str:
        if match[1] in _LANGUAGE_NAMES:
            return encoded(language)
        return encoded(values[match[1]] if match[1] in values and has_date else last)

    return _PLACEHOLDER.sub(fill, pattern)


def _date_parts(published: datetime | None) -> Mapping[str, str]:
    if published is None:
        return {}
    return {
        "year": f"{published.year:04}",
        "month": f"{published.month:02}",
        "day": f"{published.day:02}",
    }


def _singular(part: str) -> str:
    return part.lstrip("_").removesuffix("s")


def post_folder(folder: str, reason: str, routes: tuple[Route, ...]) -> PostFolder:
    """Return ``folder`` with the pattern of the route that fits it, else one by its name."""
    name = folder.rpartition("/")[2]
    found = route_of(folder, routes)
    pattern = (
        ConfiguredValue(value=found.pattern, origin=f"the route {found.path}")
        if found
        else ConfiguredValue(value=f"/{name}/:slug", origin="the name of the folder")
    )
    return PostFolder(path=folder, kind="directory", name=name, permalink=pattern, origin=reason)


def route_url(page: Page, site: Site) -> ConfiguredValue:
    """Return the URL of ``page`` by the pattern of its folder."""
    folder = site.folder_of(page.path)
    if folder is None:
        return ConfiguredValue(value=absolute(page.path, site.base_url.value))
    pattern = folder.permalink.value
    key = pattern.rpartition(":")[2]
    keys = (key, "slug") if key in _OWN_KEYS else ("slug",)
    own = first_text(page.meta, keys)[1].strip("/") if site.options["has_own_slugs"] else ""
    inside, language = _without_language(_path_in_route(page.path, folder), pattern, folder)
    if any(each.pattern == pattern and not each.takes_folders for each in routes_of(site)):
        inside = re.sub(r"^.*/(?!index\.\w+$)", "", inside)
    path = filled(pattern, inside, own, page.published, language)
    path = f"{text(site.options['base'])}/{path}" + ("/" if site.options["trailing_slash"] else "")
    return ConfiguredValue(
        value=absolute(path, site.base_url.value), origin=folder.permalink.origin
    )


def _path_in_route(path: str, folder: PostFolder) -> str:
    """Return the path of a page below the folder that its route is called like, if there is one.

    The route of ``blog/[...slug]`` serves ``data/blog/news/a.md`` below ``data/blog``, although
    only ``data/blog/news`` holds posts.
    """
    fixed = [_singular(p) for p in folder.permalink.value.split("/") if p and p[0] != ":"]
    parts = folder.path.split("/")
    for depth in range(len(parts), 0, -1):
        if fixed and _singular(parts[depth - 1]) == fixed[-1]:
            return path.removeprefix("/".join(parts[:depth]) + "/")
    return path.removeprefix(f"{folder.path}/") if is_below(path, folder.path) else ""


def _without_language(inside: str, pattern: str, folder: PostFolder) -> tuple[str, str]:
    """Return ``inside`` without the language that it begins with, and the language.

    Only where the route has a place for it; the language may be one of the folders around, too.
    """
    if not _LANGUAGE_NAMES & set(_PLACEHOLDER.findall(pattern)):
        return inside, ""
    first, slash, rest = inside.partition("/")
    if slash and _is_language(first):
        return rest, first
    around = (part for part in reversed(folder.path.split("/")) if _is_language(part))
    return inside, next(around, "")


def _is_language(part: str) -> bool:
    found = _LANGUAGE.fullmatch(part)
    return found is not None and found[1] in LANGUAGES


class FileRoutedEngine(LinkedPages):
    """What all engines with file-based routes have in common."""

    def folder(self, path: str, site: Site) -> PostFolder:
        """Return the folder at ``path`` as a folder of posts, because the settings name it."""
        return post_folder(path, "folders in the settings", routes_of(site))

    def defaults(
        self,
        path: str,  # noqa: ARG002 — of the protocol
        meta: Mapping[str, object],  # noqa: ARG002 — of the protocol
        site: Site,  # noqa: ARG002 — of the protocol
    ) -> Mapping[str, tuple[object, str]]:
        """Return nothing: these engines have no defaults for front matter."""
        return {}
