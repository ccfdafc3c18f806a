"""Astro: content collections, Markdown pages and file-based routes (https://docs.astro.build/).

Of the configuration, which is a program, only plain literals count.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from syndicate.model.markdown_options import REMARK_SMARTYPANTS
from syndicate.model.url_patterns import absolute, encoded, github_slug
from syndicate.sites import markdown_settings
from syndicate.sites.configuration_reader import ConfigurationReader, left_out, roots_by_package
from syndicate.sites.file_routes import (
    FileRoutedEngine,
    Route,
    post_folder,
    route,
    route_url,
)
from syndicate.sites.post_folders import FolderSearch
from syndicate.sites.script_literals import ScriptLiterals
from syndicate.sites.site import (
    CommitFiles,
    ConfiguredValue,
    Page,
    PostFolder,
    Site,
    is_below,
    joined,
    stem,
)
from syndicate.sites.values import flag, text

CONFIGURATION_NAMES: Final = tuple(
    f"astro.config.{ending}" for ending in ("mjs", "js", "ts", "mts", "cjs")
)
_PAGES: Final = (".md", ".mdx", ".markdown")
_COLLECTION: Final = re.compile(r"\bget(?:Collection|Entry)\(\s*['\"]([\w-]+)['\"]")


@dataclass(frozen=True, slots=True)
class AstroEngine(FileRoutedEngine):
    """Blogs on sites made with Astro."""

    name: str = "astro"

    def roots(self, files: CommitFiles) -> tuple[str, ...]:
        """Return the folders with a configuration of Astro, or that depend on it."""
        return roots_by_package(files, "astro", CONFIGURATION_NAMES)

    def read(self, files: CommitFiles, root: str) -> Site:
        """Return what the routes and literals of the site in ``root`` say."""
        reader = ConfigurationReader(files)
        path = reader.first(*(joined(root, name) for name in CONFIGURATION_NAMES))
        script = ScriptLiterals.of_file(reader, path)
        pages = joined(root, "src/pages")
        routes = tuple(_routes(reader, pages))
        search = FolderSearch(reader=reader, endings=_PAGES, skipped=frozenset({"public"}))
        found = [search.run(pages), search.run(root)]
        return Site(
            engine=self.name,
            root=root,
            content_root=pages,
            base_url=_base_url(reader, script, root) or reader.package_homepage(root),
            timezone=ConfiguredValue(value="UTC", origin="default of Astro"),
            folders=tuple(
                _folder(folder, why, routes, pages)
                for folder, why in (found[1].posts | found[0].posts).items()
            ),
            left_out=left_out(folder for each in found for folder in each.others),
            authors=reader.authors(
                joined(root, "src/content/authors"), joined(root, "src/content/author")
            ),
            markdown=markdown_settings.of_program(REMARK_SMARTYPANTS, script, "Astro"),
            options={
                "routes": routes,
                "base": script.text("base"),
                "has_own_slugs": True,
                "trailing_slash": script.text("trailingSlash") != "never"
                and script.text("format") != "file",
            },
            files=tuple(reader.read_paths),
            problems=tuple(reader.problems),
        )

    def hides(self, page: Page, site: Site) -> str:
        """Return why ``page`` is not a post, empty if it is one."""
        folder = site.folder_of(page.path)
        if folder is None:
            return "not in a folder of posts"
        inside = page.path.removeprefix(f"{folder.path}/")
        if any(part.startswith("_") for part in inside.split("/")):
            return "its name begins with an underscore"
        if inside.rpartition(".")[0] == "index":
            return "an index page"
        return "draft: true" if flag(page.meta.get("draft")) else ""

    def url(self, page: Page, site: Site) -> ConfiguredValue:
        """Return the URL of ``page``: its path below ``src/pages``, else by its collection."""
        if is_below(page.path, site.content_root):
            inside = page.path.removeprefix(f"{site.content_root}/").rpartition(".")[0]
            inside = inside.removesuffix("index") if stem(page.path) == "index" else inside
            slash = "/" if site.options["trailing_slash"] and inside else ""
            path = f"{text(site.options['base'])}/{encoded(inside)}{slash}"
            return ConfiguredValue(
                value=absolute(path, site.base_url.value), origin="its path below src/pages"
            )
        folder = site.folder_of(page.path)
        home = f"{folder.path}/" if folder else ""
        slugs = (
            github_slug(part) for part in page.path.removeprefix(home).rpartition(".")[0].split("/")
        )
        return route_url(replace(page, path=f"{home}{'/'.join(slugs)}.md"), site)


ASTRO: Final = AstroEngine()


def _base_url(reader: ConfigurationReader, script: ScriptLiterals, root: str) -> ConfiguredValue:
    url = script.text("site")
    if not url:
        return reader.cname(joined(root, "public"))
    return reader.base_url(url, f"site in {script.path}", script.path)


def _routes(reader: ConfigurationReader, folder: str) -> Iterator[Route]:
    for path in reader.below(folder):
        if path.endswith((".astro", ".tsx", ".jsx")):
            parts = path.removeprefix(f"{folder}/").rpartition(".")[0].split("/")
            names = _COLLECTION.findall(reader.text(path) if "[" in path else "")
            found = route(parts, path, frozenset(names))
            if found:
                yield found


def _folder(folder: str, reason: str, routes: tuple[Route, ...], pages: str) -> PostFolder:
    if is_below(folder, pages):
        name = folder.rpartition("/")[2]
        return PostFolder(path=folder, kind="directory", name=name, origin=reason)
    return post_folder(folder, reason, routes)
