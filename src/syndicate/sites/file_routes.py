"""File-based routing: URL patterns from the names of route files, which are data of a commit.

``app/blog/[year]/[slug]/page.tsx`` serves ``/blog/:year/:slug``.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from syndicate.model.url_patterns import absolute, encoded
from syndicate.sites.site import (
    ConfiguredValue,
    LinkedPages,
    Page,
    PostFolder,
    Site,
    is_below,
    stem,
)
from syndicate.sites.values import text

_DYNAMIC: Final = re.compile(r"\[{1,2}(?:\.\.\.)?([\w-]+)\]{1,2}")
_LANGUAGES: Final = frozenset({"locale", "lang", "language", "lng"})
_PARTS_OF_DATES: Final = frozenset({"year", "month", "day"})
_DATED: Final = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})-(?=.)")
_PLACEHOLDER: Final = re.compile(r":([\w-]+)")
_BLOGS: Final = ("blog", "posts", "news", "articles", "post", "writing", "insights")


@dataclass(frozen=True, slots=True)
class Route:
    """A route with a dynamic last part: its pattern, and the file it is from."""

    pattern: str
    path: str

    @property
    def fixed(self) -> tuple[str, ...]:
        """Return the parts of the pattern that are no placeholders."""
        return tuple(part for part in self.pattern.split("/") if part and part[0] != ":")


def route(parts: Iterable[str], path: str) -> Route | None:
    """Return the route that the folders and names ``parts`` make; None if none is dynamic."""
    kept: list[str] = []
    for part in parts:
        dynamic = _DYNAMIC.fullmatch(part)
        if dynamic and dynamic[1] not in _LANGUAGES:
            kept.append(f":{dynamic[1]}")
        elif not dynamic and part[:1] not in ("(", "@") and part != "index":
            kept.append(part)
    if not kept or not kept[-1].startswith(":"):
        return None
    return Route(pattern="/" + "/".join(kept), path=path)


def routes_of(site: Site) -> tuple[Route, ...]:
    """Return the routes that were read with ``site``."""
    return cast("tuple[Route, ...]", site.options["routes"])


def route_of(folder: str, routes: Iterable[Route]) -> Route | None:
    """Return the route whose fixed parts fit ``folder`` best; else the one that is of a blog."""
    parts = {_singular(part) for part in folder.lower().split("/")}
    scored = [
        (sum(_singular(part.lower()) in parts for part in route.fixed), route) for route in routes
    ]
    fitting = [(score, route) for score, route in scored if score == len(route.fixed) and score]
    if fitting:
        return max(fitting, key=lambda pair: (pair[0], -len(pair[1].pattern)))[1]
    blogs = [route for _, route in scored if any(part.lower() in _BLOGS for part in route.fixed)]
    return blogs[0] if len(blogs) == 1 else None


def filled(pattern: str, inside: str, slug: str, published: datetime | None) -> str:
    """Return ``pattern`` for the page at ``inside`` its folder; ``slug`` empty for its name.

    Parts of a date are those of the file name, else of ``published``. A pattern with parts of a
    date takes the day out of the name.
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
    own = slug or (name[dated.end() :] if dated and has_date else name)
    last = own if slug or has_date or not folder else f"{folder}/{own}"

    def fill(match: re.Match[str]) -> str:
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
    inside = page.path.removeprefix(f"{folder.path}/") if is_below(page.path, folder.path) else ""
    slug = text(page.meta.get("slug"))
    path = filled(folder.permalink.value, inside, slug.strip("/"), page.published)
    path = f"{text(site.options['base'])}/{path}" + ("/" if site.options["trailing_slash"] else "")
    return ConfiguredValue(
        value=absolute(path, site.base_url.value), origin=folder.permalink.origin
    )


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
