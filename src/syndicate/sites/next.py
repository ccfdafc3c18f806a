"""Next: file-based routes and folders of dated Markdown (https://nextjs.org/docs).

Next has no posts of its own. Folders of dated Markdown count, published by the route that fits
their name; of the configuration, which is a program, only plain literals.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from syndicate.model.markdown_options import REMARK
from syndicate.sites import markdown_settings
from syndicate.sites.configuration_reader import (
    ConfigurationReader,
    left_out,
    roots_by_name,
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
    joined,
)

CONFIGURATION_NAMES: Final = tuple(f"next.config.{ending}" for ending in ("js", "mjs", "ts", "cjs"))
_PAGES: Final = (".md", ".mdx", ".markdown")
_ROUTE_FILES: Final = (".tsx", ".jsx", ".ts", ".js")


@dataclass(frozen=True, slots=True)
class NextEngine(FileRoutedEngine):
    """Blogs on sites made with Next."""

    name: str = "next"

    def roots(self, files: CommitFiles) -> tuple[str, ...]:
        """Return the folders with a configuration of Next."""
        return roots_by_name(files, CONFIGURATION_NAMES)

    def read(self, files: CommitFiles, root: str) -> Site:
        """Return what the routes and literals of the site in ``root`` say."""
        reader = ConfigurationReader(files)
        path = reader.first(*(joined(root, name) for name in CONFIGURATION_NAMES))
        script = ScriptLiterals.of_file(reader, path)
        routes = tuple(_routes(reader, root))
        found = FolderSearch(reader=reader, endings=_PAGES).run(root)
        slash = script.flag("trailingSlash")
        return Site(
            engine=self.name,
            root=root,
            content_root=root,
            base_url=reader.cname(joined(root, "public")) or reader.package_homepage(root),
            timezone=ConfiguredValue(value="UTC", origin="default of Next"),
            folders=tuple(post_folder(folder, why, routes) for folder, why in found.posts.items()),
            left_out=left_out(found.others),
            markdown=markdown_settings.of_program(REMARK, script, "Next"),
            options={
                "routes": routes,
                "base": script.text("basePath"),
                "trailing_slash": bool(slash),
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
        """Return the URL of ``page`` by the route of its folder."""
        return route_url(page, site)


NEXT: Final = NextEngine()


def _routes(reader: ConfigurationReader, root: str) -> Iterator[Route]:
    """Yield the routes of the app folder (``page.tsx``) and of the pages folder."""
    for name in ("app", "src/app", "pages", "src/pages"):
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
