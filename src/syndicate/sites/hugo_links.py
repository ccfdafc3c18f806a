"""Pages and sections that Hugo's ``ref`` and ``relref`` lead to, and their URLs.

https://gohugo.io/content-management/shortcodes/#ref
"""

import posixpath
import re
from collections.abc import Iterator

from syndicate.model.url_patterns import absolute, encoded
from syndicate.sites import hugo_urls
from syndicate.sites.hugo_urls import Language
from syndicate.sites.site import Page, Site, is_below, joined
from syndicate.sites.values import text


def linked_files(name: str, page: str, language: str, site: Site) -> Iterator[str]:
    """Yield the paths that ``name`` in a ``ref`` of ``page`` may mean.

    A name is a path from the content folder or from the page, of a page or a section, with or
    without extension; files in the language of the page come first.
    """
    built = hugo_urls.rules_of(site).languages
    own = next((each for each in built if each.tag == language), hugo_urls.name_of(page, site)[1])
    here = "" if name.startswith("/") else page.rpartition("/")[0]
    base = re.sub(r"/?_?index(?:\.\w+)*$", "", name.strip("/")).removesuffix(".md")
    for folder in dict.fromkeys((here or own.content, own.content)):
        target = posixpath.normpath(joined(folder, base) if base else folder)
        if not is_below(f"{target}/", own.content):
            continue
        for suffix in (f".{own.key}", ""):
            for ending in (f"{suffix}.md", f"/_index{suffix}.md", f"/index{suffix}.md"):
                yield f"{target}{ending}"
        yield target


def linked_url(page: Page, site: Site) -> str:
    """Return the URL of ``page``, which may be the list page of a section."""
    name, language = hugo_urls.name_of(page.path, site)
    if name != "_index":
        return hugo_urls.url(page, site).value
    own = text(page.meta.get("url"))
    if own:
        return absolute(hugo_urls.with_slash(own), language.base_url or site.base_url.value)
    return _section_url(page.path.rpartition("/")[0], language, site)


def folder_url(folder: str, site: Site) -> str:
    """Return the URL of the section ``folder``, which has no list page of its own."""
    return _section_url(folder, hugo_urls.name_of(f"{folder}/_index.md", site)[1], site)


def _section_url(folder: str, language: Language, site: Site) -> str:
    inside = hugo_urls.hyphenated(folder.removeprefix(language.content).strip("/"), site)
    prefix = "" if language.base_url else language.prefix
    base = language.base_url or site.base_url.value
    return absolute(f"{prefix}/{encoded(hugo_urls.sanitized(inside, site))}/", base)
