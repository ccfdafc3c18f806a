"""What a repository looks like: its folders of posts, house style, site and categories; pure."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from syndicate.dialects import document
from syndicate.dialects.document import Document
from syndicate.dialects.mapping.dates import file_day
from syndicate.dialects.mapping.keys import GENERAL
from syndicate.dialects.mapping.values import texts
from syndicate.errors import ContentError
from syndicate.model.category import Category, Vocabulary
from syndicate.model.post import Path

CONFIGS: Final = {
    "_config.yml": "---\n{}\n---\n",
    "_config.yaml": "---\n{}\n---\n",
    "hugo.toml": "+++\n{}\n+++\n",
    "config.toml": "+++\n{}\n+++\n",
    "config/_default/hugo.toml": "+++\n{}\n+++\n",
    "hugo.yaml": "---\n{}\n---\n",
    "hugo.yml": "---\n{}\n---\n",
    "hugo.json": "{}",
}
"""Where sites say how they are made, and how to read that as front matter."""
ELEVENTY: Final = (".eleventy.js", "eleventy.config.js", "eleventy.config.mjs")
_DATED: Final = (*GENERAL["published"], *GENERAL["dateline"])
_ZONES: Final = ("timezone", "timeZone")
_ASIDE: Final = re.compile(
    r"draft|template|^(?:node_modules|vendor|themes|archetypes|\.)", re.IGNORECASE
)
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MOST: Final = 20
"""Categories that are worth a line in the settings."""
_OFTEN: Final = 3
"""Posts that make a category one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What the settings may say; ``reasons`` tell of each guess where it is from."""

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
class _Notebook:
    """Settings of the site, and where each value was found."""

    config: Mapping[str, object]
    name: str
    reasons: dict[str, str] = field(default_factory=dict)

    def find(self, about: str, fits: Callable[[str], bool], *keys: str) -> str:
        """Return the first text under ``keys`` that ``fits``, and remember where it was."""
        for key in keys:
            value = self.config.get(key)
            if isinstance(value, str) and fits(value.strip()):
                self.reasons[about] = f"{key} in {self.name}"
                return value.strip()
        return ""


def posts(files: Mapping[Path, bytes]) -> Iterator[Document]:
    """Yield the files that are dated posts, those set aside too."""
    for path, data in files.items():
        try:
            found = document.read(path, data)
        except ContentError:
            continue
        if found is not None and _is_dated(found):
            yield found


def guess(paths: Iterable[Path], files: Mapping[Path, bytes]) -> Guess:
    """Return what the repository with ``paths`` seems to be; ``files`` are pages and configs."""
    config, name = _config(files)
    book = _Notebook(config, name)
    found = list(posts({path: data for path, data in files.items() if str(path) not in CONFIGS}))
    counts = Counter(_folder(each.path) for each in found)
    most = max((n for folder, n in counts.items() if not _is_aside(folder)), default=0)
    folders = _outermost(
        [folder for folder, n in counts.items() if n * 20 >= most and not _is_aside(folder)]
    )
    chosen = [each for each in found if _below(each, folders)]
    made = _dialect(chosen, name, {str(path) for path in paths}, book)
    return Guess(
        folders=folders,
        dialect=made,
        site_url=_site(book, files),
        title=book.find("title", bool, "title"),
        timezone=book.find("timezone", lambda text: text in available_timezones(), *_ZONES),
        language=_language(book, chosen),
        permalink=_permalink(book, folders, chosen, made),
        categories=_categories(chosen),
        left_out=tuple(sorted(set(counts) - set(folders) - set(_inside(counts, folders)))),
        reasons=book.reasons,
    )


def _is_dated(page: Document) -> bool:
    named = file_day(PurePosixPath(page.path).stem)[0] is not None
    return named or ("title" in page.meta and any(key in page.meta for key in _DATED))


def _folder(path: Path) -> str:
    """Return the folder that a site would call that of its posts: without years and bundles."""
    parts = list(PurePosixPath(path).parts[:-1])
    if "_posts" in parts:
        return "/".join(parts[: parts.index("_posts") + 1])
    if PurePosixPath(path).stem == "index" and parts:
        parts.pop()
    while parts and parts[-1].isdigit():
        parts.pop()
    return "/".join(parts) or "."


def _is_aside(folder: str) -> bool:
    return any(_ASIDE.search(part) for part in folder.split("/") if part != ".")


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
    for name, frame in CONFIGS.items():
        data = files.get(Path(name))
        if data is None:
            continue
        text = data.decode("utf-8", "replace").removeprefix("---\n")
        try:
            found = document.read(Path(name), frame.replace("{}", text).encode())
        except ContentError:
            continue
        if found is not None and found.meta:
            return found.meta, name
    return {}, ""


def _dialect(pages: Sequence[Document], config: str, paths: set[str], book: _Notebook) -> str:
    keys = Counter(key for page in pages for key in page.meta)
    if keys["carousel_show"] * 2 > len(pages):
        book.reasons["dialect"] = "most posts have the key carousel_show"
        return "news-and-blog"
    if keys["preview"] * 2 > len(pages):
        book.reasons["dialect"] = "most posts have the key preview"
        return "program-updates"
    if config and not config.startswith("_config"):
        book.reasons["dialect"] = f"{config} is a Hugo configuration"
        return "hugo"
    made = config or next((name for name in ELEVENTY if name in paths), "")
    book.reasons["dialect"] = f"detected from {made}" if made else "default"
    return "jekyll"


def _site(book: _Notebook, files: Mapping[Path, bytes]) -> str:
    found = book.find("site_url", _is_web, "url", "baseURL", "baseurl")
    if found:
        return found.rstrip("/")
    domain = files.get(Path("CNAME"), b"").decode("ascii", "replace").strip()
    if re.fullmatch(r"[A-Za-z0-9.-]+\.[a-z]+", domain):
        book.reasons["site_url"] = "CNAME"
        return f"https://{domain.lower()}"
    home = _homepage(files.get(Path("package.json"), b""))
    if _is_web(home):
        book.reasons["site_url"] = "homepage in package.json"
        return home.rstrip("/")
    return ""


def _homepage(data: bytes) -> str:
    try:
        found = json.loads(data)
    except ValueError:
        return ""
    home = found.get("homepage") if isinstance(found, dict) else ""
    return home if isinstance(home, str) else ""


def _is_web(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and "." in (parts.hostname or "")


def _language(book: _Notebook, pages: Sequence[Document]) -> str:
    fits = _LANGUAGE.fullmatch
    found = book.find(
        "language", lambda text: bool(fits(text)), *("lang", "languageCode", "locale"), "language"
    )
    if found:
        return found
    said = Counter(
        value
        for page in pages
        for key in GENERAL["language"]
        if isinstance(value := page.meta.get(key), str) and fits(value)
    )
    most = max(said, key=lambda each: (said[each], each), default="")
    if said[most] * 2 <= len(pages):
        return ""
    book.reasons["language"] = "what most posts have"
    return most


def _permalink(
    book: _Notebook, folders: Sequence[str], pages: Sequence[Document], made: str
) -> str:
    """Return the pattern that the site's own settings have for the first of ``folders``."""
    name = PurePosixPath("/".join(folders[:1])).name.lstrip("_")
    for key in ("collections", "permalinks"):
        table = book.config.get(key)
        own = table.get(name) if isinstance(table, dict) else None
        own = own.get("permalink") if isinstance(own, dict) else own
        if isinstance(own, str) and own.strip():
            book.reasons["permalink"] = f"{key}.{name} in {book.name}"
            return own.strip()
    if "_posts" in folders:
        return book.find("permalink", bool, "permalink")
    dated = [page for page in pages if file_day(PurePosixPath(page.path).stem)[0]]
    if made == "jekyll" and len(dated) * 2 > len(pages):
        book.reasons["permalink"] = "file names begin with a date; compare with the site"
        return "/:year/:month/:day/:title/"
    return ""


def _categories(pages: Sequence[Document]) -> tuple[Category, ...]:
    """Return what many posts are filed under, each as it is spelled most."""
    spelled: dict[str, Counter[str]] = {}
    for page in pages:
        named = [n for key in GENERAL["categories"] for n in texts(page.meta.get(key)) or ()]
        for each in Vocabulary().categories(named):
            spelled.setdefault(each.slug, Counter())[each.title] += 1
    often = [
        slug
        for slug, titles in spelled.items()
        if titles.total() >= _OFTEN and _SLUG.fullmatch(slug)
    ]
    often.sort(key=lambda slug: (-spelled[slug].total(), slug))
    return tuple(
        Category(slug=slug, title=min(spelled[slug], key=lambda t: (-spelled[slug][t], t)))
        for slug in often[:_MOST]
    )
