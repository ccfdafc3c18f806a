"""Next: file-based routes and folders of dated Markdown (https://nextjs.org/docs).

Next has no posts of its own. Folders of dated Markdown count, published by the route that fits
their name; of the configuration, which is a program, only plain literals.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from syndicate.model.markdown_options import REMARK
from syndicate.model.url_patterns import absolute, encoded
from syndicate.sites import markdown_settings
from syndicate.sites.configuration_reader import (
    ConfigurationReader,
    left_out,
    roots_by_package,
)
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
    Site,
    is_below,
    joined,
)
from syndicate.sites.values import text

CONFIGURATION_NAMES: Final = tuple(f"next.config.{ending}" for ending in ("js", "mjs", "ts", "cjs"))
_CONTENTLAYER: Final = ("contentlayer.config.ts", "contentlayer.config.js")
_PAGES: Final = (".md", ".mdx", ".markdown")
_ROUTE_FOLDERS: Final = ("app", "src/app", "pages", "src/pages")
_ROUTE_FILES: Final = (".tsx", ".jsx", ".ts", ".js")


@dataclass(frozen=True, slots=True)
class NextEngine(FileRoutedEngine):
    """Blogs on sites made with Next."""

    name: str = "next"

    def roots(self, files: CommitFiles) -> tuple[str, ...]:
        """Return the folders with a configuration of Next, or that depend on it."""
        return roots_by_package(files, "next", CONFIGURATION_NAMES)

    def read(self, files: CommitFiles, root: str) -> Site:
        """Return what the routes and literals of the site in ``root`` say."""
        reader = ConfigurationReader(files)
        path = reader.first(*(joined(root, name) for name in CONFIGURATION_NAMES))
        script = ScriptLiterals.of_file(reader, path)
        routes = tuple(_routes(reader, root))
        search = FolderSearch(reader=reader, endings=_PAGES)
        found = search.run(root)
        for name in _ROUTE_FOLDERS:  # named like documentation, but the whole site may be in it
            found.posts.update(search.run(joined(root, name)).posts)
        static = [folder for folder in found.posts if _is_static(folder, reader)]
        slash = script.flag("trailingSlash")
        return Site(
            engine=self.name,
            root=root,
            content_root=root,
            base_url=reader.cname(joined(root, "public")) or reader.package_homepage(root),
            timezone=ConfiguredValue(value="UTC", origin="default of Next"),
            folders=tuple(
                post_folder(folder, why, routes)
                for folder, why in found.posts.items()
                if folder not in static
            ),
            left_out=left_out((*found.others, *((f, "the text of one page") for f in static))),
            markdown=markdown_settings.of_program(REMARK, script, "Next"),
            options={
                "routes": routes,
                "base": script.text("basePath"),
                "trailing_slash": bool(slash),
                "has_own_slugs": not _makes_slugs_of_paths(reader, root),
            },
            files=tuple(reader.read_paths),
            problems=tuple(reader.problems),
        )

    def hides(self, page: Page, site: Site) -> str:
        """Return why ``page`` is not a post, empty if it is one."""
        folder = site.folder_of(page.path)
        if folder is None:
            return "not in a folder of posts"
        inside = page.path.removeprefix(f"{folder.path}/").rpartition(".")[0]
        return "an index page" if inside == "index" else ""

    def url(self, page: Page, site: Site) -> ConfiguredValue:
        """Return the URL of ``page``: its path if it is a route itself, else by its folder."""
        path = _own_route(page.path, site.root)
        if path is None:
            return route_url(page, site)
        slash = "/" if site.options["trailing_slash"] else ""
        path = f"{text(site.options['base'])}/{encoded(path)}{slash}"
        return ConfiguredValue(
            value=absolute(path, site.base_url.value), origin="its path among the routes"
        )


NEXT: Final = NextEngine()


def _routes(reader: ConfigurationReader, root: str) -> Iterator[Route]:
    """Yield the routes of the app folder (``page.tsx``) and of the pages folder."""
    for name in _ROUTE_FOLDERS:
        folder = joined(root, name)
        for path in reader.below(folder):
            if not path.endswith(_ROUTE_FILES):
                continue
            parts = path.removeprefix(f"{folder}/").rpartition(".")[0].split("/")
            if name.endswith("app"):
                if parts[-1] != "page":
                    continue
                parts.pop()
            found = route(parts, path)
            if found:
                yield found


def _makes_slugs_of_paths(reader: ConfigurationReader, root: str) -> bool:
    """Return whether Contentlayer makes the slug of a page of its path, whatever the page says."""
    path = reader.first(*(joined(root, name) for name in _CONTENTLAYER))
    slugs = ScriptLiterals.of_file(reader, path).objects(r"\bslug\s*:")
    return any(slug.mentions("flattenedPath") for slug in slugs)


def _is_static(folder: str, reader: ConfigurationReader) -> bool:
    """Return whether ``folder`` is the one page of a route, whose text is in a file beside it."""
    paths = [path.removeprefix(f"{folder}/") for path in reader.below(folder)]
    is_route = any(
        path.rpartition(".")[0] == "page" and path.endswith(_ROUTE_FILES) for path in paths
    )
    return is_route and not any("[" in path for path in paths)


def _own_route(path: str, root: str) -> str | None:
    """Return the path of a page that is a route itself, None if it is none.

    Every Markdown file below ``pages``, and those called ``page`` below ``app``.
    """
    for name in _ROUTE_FOLDERS:
        folder = joined(root, name)
        if not is_below(path, folder):
            continue
        parts = path.removeprefix(f"{folder}/").rpartition(".")[0].split("/")
        if name.endswith("app") and parts.pop() != "page":
            return None
        kept = [part for part in parts if part[:1] not in ("(", "@")]
        return "/".join(kept[:-1] if kept[-1:] == ["index"] else kept)
    return None
