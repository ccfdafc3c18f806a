"""URLs of Jekyll: placeholders, slugs, pages (https://jekyllrb.com/docs/permalinks/)."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from syndicate.model.post import PAGE_EXTENSIONS
from syndicate.model.url_patterns import (
    PERMALINK_STYLES,
    absolute,
    date_tokens,
    encoded,
    filled,
)
from syndicate.sites.site import (
    NOT_CONFIGURED,
    SETTINGS_PATTERN,
    ConfiguredValue,
    Page,
    PostFolder,
    Site,
    joined,
    stem,
)
from syndicate.sites.values import text, texts

POSTS: Final = "_posts"
_SCHEME: Final = re.compile(r"https?://", re.IGNORECASE)
_SPACES: Final = re.compile(" +")
_PLACEHOLDER: Final = re.compile(r":([a-z_]+)")
_PRETTY: Final = frozenset("._~!$&'()+,;=@")
"""What the slug of a title keeps besides letters, marks and digits."""
_DATED: Final = re.compile(r"^\d{2,4}-\d{1,2}-\d{1,2}-(?=.)")


_CACHED_SLUGS: Final = 4_096


def url(page: Page, site: Site) -> ConfiguredValue:
    """Return the URL of ``page``: its permalink, else the pattern of its collection."""
    folder = site.folder_of(page.path)
    own = text(page.meta.get("permalink"))
    pattern = folder.permalink if folder else NOT_CONFIGURED
    if page.pattern:
        style = PERMALINK_STYLES.get(page.pattern, page.pattern)
        pattern = ConfiguredValue(value=style, origin=SETTINGS_PATTERN)
    if own:
        pattern = ConfiguredValue(value=own, origin="permalink")
    tokens = _tokens(page, site, folder)

    def fill(match: re.Match[str]) -> str:
        word = match[1]
        for end in range(len(word), 0, -1):
            if word[:end] in tokens:
                return encoded(tokens[word[:end]]) + word[end:]
        return match[0]

    path = _sanitized(filled(pattern.value or PERMALINK_STYLES["date"], _PLACEHOLDER, fill))
    return ConfiguredValue(value=absolute(path, site.base_url.value), origin=pattern.origin)


def _sanitized(path: str) -> str:
    """Return ``path`` without two dots in a row and dots before a slash (``URL.sanitize_url``)."""
    return path if _SCHEME.match(path) else path.replace("..", "/").replace("./", "")


def _tokens(page: Page, site: Site, folder: PostFolder | None) -> Mapping[str, str]:
    """Return what stands for the placeholders of a permalink."""
    inside = page.path.removeprefix(f"{folder.path}/") if folder else page.path
    name = stem(page.path)
    slug = text(page.meta.get("slug")) or _DATED.sub("", name).rstrip(".")
    zone = ZoneInfo(site.timezone.value or "UTC")
    categories = list(dict.fromkeys(each.lower() for each in _categories(page, site, folder)))
    return {
        "collection": folder.name if folder else "",
        "name": slugify(name),
        "title": slugify(slug, pretty=True),
        "slug": slugify(slug),
        "path": inside.rpartition(".")[0].rstrip("."),
        "output_ext": ".htm" if page.path.lower().endswith(".htm") else ".html",
        "categories": "/".join(categories),
        "slugified_categories": "/".join(map(slugify, categories)),
        **(date_tokens(page.published.astimezone(zone)) if page.published else {}),
    }


def _page_path(inside: str, meta: Mapping[str, object], site: Site) -> str:
    """Return the path of the page at ``inside`` the source folder that is in no collection."""
    name, folder = stem(inside), inside.rpartition("/")[0]
    style = text(meta.get("permalink")) or text(site.values.get("permalink"))
    tokens = {"path": folder, "basename": name, "output_ext": ".html"}
    if text(meta.get("permalink")):
        pattern = style
    elif name == "index":
        pattern = "/:path/"
    else:
        is_pretty = style == "pretty" or style.endswith("/")
        pattern = "/:path/:basename/" if is_pretty else "/:path/:basename:output_ext"
    path = filled(pattern, _PLACEHOLDER, lambda match: encoded(tokens.get(match[1], match[0])))
    return _sanitized(path)


def linked_url(page: Page, site: Site) -> str:
    """Return the URL of the document, page or static file ``page`` (Jekyll's tag ``link``)."""
    if site.folder_of(page.path) is not None:
        return url(page, site).value
    inside = page.path.removeprefix(f"{site.content_root}/") if site.content_root else page.path
    is_page = page.path.lower().endswith(PAGE_EXTENSIONS) and bool(page.meta)
    path = _page_path(inside, page.meta, site) if is_page else encoded(inside)
    return absolute(path, site.base_url.value)


def _categories(page: Page, site: Site, folder: PostFolder | None) -> Iterator[str]:
    """Yield the categories that stand in URLs: folders above ``_posts``, then front matter."""
    if folder and folder.name == "posts":
        above = folder.path.removesuffix(POSTS).strip("/")
        home = joined(site.content_root, text(site.values.get("collections_dir")))
        yield from (part for part in above.removeprefix(home).split("/") if part)
    plural = page.meta.get("categories")
    yield from texts(plural) if isinstance(plural, list) else text(plural).split()
    yield from texts(page.meta.get("category"))


@lru_cache(_CACHED_SLUGS)
def slugify(words: str, *, pretty: bool = False) -> str:
    """Return ``words`` as Jekyll's slugify filter does, in its mode ``pretty`` with case kept."""
    kept = _PRETTY if pretty else frozenset()
    slug = "".join([each if each in kept or _is_word(each) else " " for each in words])
    slug = _SPACES.sub("-", slug)
    slug = slug.removeprefix("-").removesuffix("-")
    return slug if pretty else slug.lower()


@lru_cache(maxsize=4096)
def _is_word(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category[0] in "LM" or category == "Nd"
