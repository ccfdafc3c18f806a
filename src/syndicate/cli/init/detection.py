"""Detect folders of posts, dialect, site and categories of a repository, from its files only."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from syndicate.dialects.document.parser import Document, parse_document
from syndicate.dialects.fields import DEFAULT_KEYS, as_texts
from syndicate.dialects.front_matter.dates import split_day_prefix
from syndicate.errors import ContentError
from syndicate.model.category import Category, Vocabulary
from syndicate.model.post import Path

CONFIG_FILES: Final = {
    "_config.yml": "---\n{}\n---\n",
    "_config.yaml": "---\n{}\n---\n",
    "hugo.toml": "+++\n{}\n+++\n",
    "config.toml": "+++\n{}\n+++\n",
    "config/_default/hugo.toml": "+++\n{}\n+++\n",
    "hugo.yaml": "---\n{}\n---\n",
    "hugo.yml": "---\n{}\n---\n",
    "hugo.json": "{}",
}
"""Configuration files of sites, each with a frame that makes it readable as front matter."""
ELEVENTY_FILES: Final = (".eleventy.js", "eleventy.config.js", "eleventy.config.mjs")
_DATE_KEYS: Final = (*DEFAULT_KEYS["published"], *DEFAULT_KEYS["dateline"])
_TIME_ZONE_KEYS: Final = ("timezone", "timeZone")
_EXCLUDED_FOLDER: Final = re.compile(
    r"draft|template|^(?:node_modules|vendor|themes|archetypes|\.)", re.IGNORECASE
)
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MAX_CATEGORIES: Final = 20
"""Limit of categories written to the settings."""
_MIN_POSTS: Final = 3
"""Posts that a category needs to be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectedSettings:
    """Detected settings; ``reasons`` has the origin of each value."""

    folders: tuple[str, ...]
    dialect: str
    site_url: str
    title: str
    timezone: str
    language: str
    permalink: str
    categories: tuple[Category, ...]
    left_out: tuple[str, ...]
    reasons: Mapping[str, str]


@dataclass(slots=True)
class _SiteConfig:
    """The configuration of the site, and the origin of each value that was used."""

    values: Mapping[str, object]
    file_name: str
    reasons: dict[str, str] = field(default_factory=dict)

    def find(self, setting: str, is_valid: Callable[[str], bool], *keys: str) -> str:
        """Return the first valid text under ``keys``, and record its origin."""
        for key in keys:
            value = self.values.get(key)
            if isinstance(value, str) and is_valid(value.strip()):
                self.reasons[setting] = f"{key} in {self.file_name}"
                return value.strip()
        return ""


def dated_posts(files: Mapping[Path, bytes]) -> Iterator[Document]:
    """Yield the files that are dated posts, including drafts and templates."""
    for path, data in files.items():
        try:
            page = parse_document(path, data)
        except ContentError:
            continue
        if page is not None and _is_dated(page):
            yield page


def detect(paths: Iterable[Path], files: Mapping[Path, bytes]) -> DetectedSettings:
    """Detect settings from the ``paths`` of a repository and its pages and configuration."""
    config, name = _config(files)
    site = _SiteConfig(config, name)
    found = list(
        dated_posts({path: data for path, data in files.items() if str(path) not in CONFIG_FILES})
    )
    counts = Counter(_folder(each.path) for each in found)
    largest = max((n for folder, n in counts.items() if not _is_excluded(folder)), default=0)
    folders = _outermost(
        [folder for folder, n in counts.items() if n * 20 >= largest and not _is_excluded(folder)]
    )
    selected = [each for each in found if _below(each, folders)]
    dialect = _dialect(selected, name, {str(path) for path in paths}, site)
    return DetectedSettings(
        folders=folders,
        dialect=dialect,
        site_url=_site_url(site, files),
        title=site.find("title", bool, "title"),
        timezone=site.find(
            "timezone", lambda text: text in available_timezones(), *_TIME_ZONE_KEYS
        ),
        language=_language(site, selected),
        permalink=_permalink(site, folders, selected, dialect),
        categories=_categories(selected),
        left_out=tuple(sorted(set(counts) - set(folders) - set(_inside(counts, folders)))),
        reasons=site.reasons,
    )


def _is_dated(page: Document) -> bool:
    named = split_day_prefix(PurePosixPath(page.path).stem)[0] is not None
    return named or ("title" in page.meta and any(key in page.meta for key in _DATE_KEYS))


def _folder(path: Path) -> str:
    """Return the posts folder of a file: without folders of years and of page bundles."""
    parts = list(PurePosixPath(path).parts[:-1])
    if "_posts" in parts:
        return "/".join(parts[: parts.index("_posts") + 1])
    if PurePosixPath(path).stem == "index" and parts:
        parts.pop()
    while parts and parts[-1].isdigit():
        parts.pop()
    return "/".join(parts) or "."


def _is_excluded(folder: str) -> bool:
    return any(_EXCLUDED_FOLDER.search(part) for part in folder.split("/") if part != ".")


def _outermost(folders: Sequence[str]) -> tuple[str, ...]:
    inner = set(_inside(folders, folders))
    return tuple(sorted(folder for folder in folders if folder not in inner))


def _inside(folders: Iterable[str], outer: Sequence[str]) -> Iterator[str]:
    return (one for one in folders if any(one != o and _is_below(one, o) for o in outer))


def _is_below(path: str, folder: str) -> bool:
    return folder == "." or path.startswith(f"{folder}/")


def _below(page: Document, folders: Sequence[str]) -> bool:
    return any(_is_below(page.path, folder) for folder in folders)


def _config(files: Mapping[Path, bytes]) -> tuple[Mapping[str, object], str]:
    for name, frame in CONFIG_FILES.items():
        data = files.get(Path(name))
        if data is None:
            continue
        text = data.decode("utf-8", "replace").removeprefix("---\n")
        try:
            found = parse_document(Path(name), frame.replace("{}", text).encode())
        except ContentError:
            continue
        if found is not None and found.meta:
            return found.meta, name
    return {}, ""


def _dialect(pages: Sequence[Document], config: str, paths: set[str], site: _SiteConfig) -> str:
    keys = Counter(key for page in pages for key in page.meta)
    if keys["carousel_show"] * 2 > len(pages):
        site.reasons["dialect"] = "most posts have the key carousel_show"
        return "news-and-blog"
    if keys["preview"] * 2 > len(pages):
        site.reasons["dialect"] = "most posts have the key preview"
        return "program-updates"
    if config and not config.startswith("_config"):
        site.reasons["dialect"] = f"{config} is a Hugo configuration"
        return "hugo"
    made = config or next((name for name in ELEVENTY_FILES if name in paths), "")
    site.reasons["dialect"] = f"detected from {made}" if made else "default"
    return "jekyll"


def _site_url(site: _SiteConfig, files: Mapping[Path, bytes]) -> str:
    found = site.find("site_url", _is_web_url, "url", "baseURL", "baseurl")
    if found:
        return found.rstrip("/")
    domain = files.get(Path("CNAME"), b"").decode("ascii", "replace").strip()
    if re.fullmatch(r"[A-Za-z0-9.-]+\.[a-z]+", domain):
        site.reasons["site_url"] = "CNAME"
        return f"https://{domain.lower()}"
    home = _homepage(files.get(Path("package.json"), b""))
    if _is_web_url(home):
        site.reasons["site_url"] = "homepage in package.json"
        return home.rstrip("/")
    return ""


def _homepage(data: bytes) -> str:
    try:
        found = json.loads(data)
    except ValueError:
        return ""
    home = found.get("homepage") if isinstance(found, dict) else ""
    return home if isinstance(home, str) else ""


def _is_web_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and "." in (parts.hostname or "")


def _language(site: _SiteConfig, pages: Sequence[Document]) -> str:
    is_language = _LANGUAGE.fullmatch
    found = site.find(
        "language",
        lambda text: bool(is_language(text)),
        *("lang", "languageCode", "locale"),
        "language",
    )
    if found:
        return found
    counts = Counter(
        value
        for page in pages
        for key in DEFAULT_KEYS["language"]
        if isinstance(value := page.meta.get(key), str) and is_language(value)
    )
    most_common = max(counts, key=lambda each: (counts[each], each), default="")
    if counts[most_common] * 2 <= len(pages):
        return ""
    site.reasons["language"] = "what most posts have"
    return most_common


def _permalink(
    site: _SiteConfig, folders: Sequence[str], pages: Sequence[Document], dialect: str
) -> str:
    """Return the permalink pattern of the site's configuration for the first of ``folders``."""
    name = PurePosixPath("/".join(folders[:1])).name.lstrip("_")
    for key in ("collections", "permalinks"):
        table = site.values.get(key)
        pattern = table.get(name) if isinstance(table, dict) else None
        pattern = pattern.get("permalink") if isinstance(pattern, dict) else pattern
        if isinstance(pattern, str) and pattern.strip():
            site.reasons["permalink"] = f"{key}.{name} in {site.file_name}"
            return pattern.strip()
    if "_posts" in folders:
        return site.find("permalink", bool, "permalink")
    dated = [page for page in pages if split_day_prefix(PurePosixPath(page.path).stem)[0]]
    if dialect == "jekyll" and len(dated) * 2 > len(pages):
        site.reasons["permalink"] = "file names begin with a date; compare with the site"
        return "/:year/:month/:day/:title/"
    return ""


def _categories(pages: Sequence[Document]) -> tuple[Category, ...]:
    """Return the most frequent categories, each in its most frequent spelling."""
    titles_by_slug: dict[str, Counter[str]] = {}
    for page in pages:
        named = [
            n for key in DEFAULT_KEYS["categories"] for n in as_texts(page.meta.get(key)) or ()
        ]
        for each in Vocabulary().categories(named):
            titles_by_slug.setdefault(each.slug, Counter())[each.title] += 1
    frequent = [
        slug
        for slug, titles in titles_by_slug.items()
        if titles.total() >= _MIN_POSTS and _SLUG.fullmatch(slug)
    ]
    frequent.sort(key=lambda slug: (-titles_by_slug[slug].total(), slug))
    return tuple(
        Category(
            slug=slug, title=min(titles_by_slug[slug], key=lambda t: (-titles_by_slug[slug][t], t))
        )
        for slug in frequent[:_MAX_CATEGORIES]
    )
