"""Docusaurus: the blog plugin and its translations (https://docusaurus.io/docs/blog).

The configuration is a program: of it, only plain literals count.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from syndicate.model.markdown_options import REMARK
from syndicate.model.url_patterns import absolute, encoded_permalink
from syndicate.sites import markdown_settings
from syndicate.sites.configuration_reader import (
    ConfigurationReader,
    left_out,
    roots_by_name,
)
from syndicate.sites.script_literals import ScriptLiterals
from syndicate.sites.site import (
    NOT_CONFIGURED,
    CommitFiles,
    ConfiguredValue,
    LinkedPages,
    Page,
    PostFolder,
    Site,
    joined,
    plain_folder,
)
from syndicate.sites.values import flag, text

CONFIGURATION_NAMES: Final = tuple(
    f"docusaurus.config.{ending}" for ending in ("js", "ts", "mjs", "cjs", "mts", "cts")
)
_PAGES: Final = (".md", ".mdx")
_PLUGIN: Final = "plugin-content-blog"
_TRUNCATION: Final = r"<!--\s*truncate\s*-->|\{/\*\s*truncate\s*\*/\}"
"""The plugin's default ``truncateMarker``, in Markdown and in MDX."""
_DATED: Final = re.compile(
    r"(?P<folder>.*)(?P<date>\d{4}[-/]\d{1,2}[-/]\d{1,2})[-/]?(?P<text>.*?)(?:/index)?$"
)
"""How the plugin takes a path apart (``parseBlogFileName``)."""


@dataclass(frozen=True, slots=True)
class DocusaurusEngine(LinkedPages):
    """Blogs made by Docusaurus."""

    name: str = "docusaurus"

    def roots(self, files: CommitFiles) -> tuple[str, ...]:
        """Return the folders with a configuration of Docusaurus."""
        return roots_by_name(files, CONFIGURATION_NAMES)

    def read(self, files: CommitFiles, root: str) -> Site:
        """Return what the literals and data files of the site in ``root`` say."""
        reader = ConfigurationReader(files)
        path = reader.first(*(joined(root, name) for name in CONFIGURATION_NAMES))
        script = ScriptLiterals.of_file(reader, path)
        blogs = tuple(_blogs(script, root))
        return Site(
            engine=self.name,
            root=root,
            content_root=root,
            base_url=_base_url(reader, script, root) or reader.package_homepage(root),
            timezone=ConfiguredValue(value="UTC", origin="default of Docusaurus"),
            language=_literal(script, "defaultLocale"),
            title=_literal(script, "title"),
            folders=tuple(folder for blog in blogs for folder in _folders(reader, root, blog)),
            left_out=left_out(_documentation(reader, root)),
            authors=reader.authors(*(joined(blog.path, "authors") for blog in blogs)),
            markdown=markdown_settings.of_program(REMARK, script, "Docusaurus"),
            summary_mark=_TRUNCATION,
            options={"trailing_slash": script.flag("trailingSlash")},
            files=tuple(reader.read_paths),
            problems=tuple(reader.problems),
        )

    def folder(self, path: str, site: Site) -> PostFolder:
        """Return the folder at ``path`` as a folder of posts, which the operator says it is."""
        route = site.folders[0].permalink if site.folders else ConfiguredValue(value="/blog")
        return plain_folder(path, route)

    def defaults(
        self, path: str, meta: Mapping[str, object], site: Site
    ) -> Mapping[str, tuple[object, str]]:
        """Return the day in the path of posts without a date; there are no other defaults."""
        folder = site.folder_of(path)
        found = (
            _DATED.fullmatch(path[len(folder.path) + 1 :].rpartition(".")[0]) if folder else None
        )
        if found is None or text(meta.get("date")):
            return {}
        return {"date": (found["date"].replace("/", "-"), "file name")}

    def hides(self, page: Page, site: Site) -> str:
        """Return why the plugin does not list ``page``, empty if it does."""
        folder = site.folder_of(page.path)
        if folder is None:
            return "not in a blog"
        parts = page.path.removeprefix(f"{folder.path}/").split("/")
        if any(part.startswith("_") or part == "__tests__" for part in parts):
            return "its name begins with an underscore"
        for key in ("draft", "unlisted"):
            if flag(page.meta.get(key)):
                return f"{key}: true"
        return ""

    def url(self, page: Page, site: Site) -> ConfiguredValue:
        """Return the URL of ``page``: its ``slug``, else the day and words of its path."""
        folder = site.folder_of(page.path)
        inside = page.path.removeprefix(f"{folder.path}/" if folder else "").rpartition(".")[0]
        slug = text(page.meta.get("slug"))
        pattern = folder.permalink if folder else NOT_CONFIGURED
        language = f"/{folder.language}" if folder and folder.language else ""
        path = f"{language}{pattern.value}/{slug or _default_slug(inside)}"
        slash = site.options["trailing_slash"]
        if slash is not None:
            path = path.rstrip("/") + ("/" if slash else "")
        return ConfiguredValue(
            value=absolute(encoded_permalink(path), site.base_url.value),
            origin="slug" if slug else pattern.origin,
        )


DOCUSAURUS: Final = DocusaurusEngine()


def _base_url(reader: ConfigurationReader, script: ScriptLiterals, root: str) -> ConfiguredValue:
    """Return ``url`` and ``baseUrl`` where both are literals, else what a ``CNAME`` says."""
    url, base = script.text("url"), script.text("baseUrl")
    if url and (base or not script.has("baseUrl")):
        return reader.base_url(
            f"{url.rstrip('/')}/{base.strip('/')}", f"url in {script.path}", script.path
        )
    what = f"url in {script.path} is made by a program, which is not run"
    reader.report("site-script", script.path, what, "Set site_url of the source in the settings.")
    return reader.cname(root)


def _literal(script: ScriptLiterals, key: str) -> ConfiguredValue:
    found = script.text(key)
    return (
        ConfiguredValue(value=found, origin=f"{key} in {script.path}") if found else NOT_CONFIGURED
    )


def _blogs(script: ScriptLiterals, root: str) -> Iterator[PostFolder]:
    """Yield the folder of the blog of the preset, then those of further blog plugins.

    ``name`` is the ID of the plugin, empty for the default one.
    """
    preset = [] if script.flag("blog") is False else [*script.objects(r"\bblog['\"]?\s*:")][:1]
    plugins = [*script.objects(rf"{_PLUGIN}['\"`]\)?\s*,")]
    if not preset and not plugins and script.flag("blog") is not False:
        preset = [ScriptLiterals(script.path, "")]
    for literals in (*preset, *plugins):
        route, name = literals.text("routeBasePath"), literals.text("id")
        origin = f"routeBasePath in {script.path}" if route else "default of Docusaurus"
        yield PostFolder(
            path=joined(root, literals.text("path").removeprefix("./") or "blog"),
            kind="directory",
            name="" if name == "default" else name,
            permalink=ConfiguredValue(
                value=f"/{route or 'blog'}".replace("//", "/").rstrip("/"), origin=origin
            ),
            origin="the folder of the blog plugin",
        )


def _folders(reader: ConfigurationReader, root: str, blog: PostFolder) -> Iterator[PostFolder]:
    """Yield the folder of ``blog``, then those of its translations."""
    folder, permalink = blog.path, blog.permalink
    plugin = f"docusaurus-{_PLUGIN}-{blog.name}" if blog.name else f"docusaurus-{_PLUGIN}"
    if any(path.endswith(_PAGES) for path in reader.below(folder)):
        yield PostFolder(
            path=folder,
            kind="directory",
            name=folder.rpartition("/")[2],
            permalink=permalink,
            origin=blog.origin,
        )
    translations = joined(root, "i18n")
    start = len(translations) + 1
    languages = {
        path[start:].partition("/")[0]
        for path in reader.below(translations)
        if f"/{plugin}/" in path and path.endswith(_PAGES)
    }
    for language in sorted(languages):
        yield PostFolder(
            path=joined(translations, language, plugin),
            kind="directory",
            name=f"{language}/{folder.rpartition('/')[2]}",
            permalink=permalink,
            origin="translations of the blog",
            language=language,
        )


def _documentation(reader: ConfigurationReader, root: str) -> list[tuple[str, str]]:
    names = ("docs", "versioned_docs", "community", "src/pages")
    return [
        (joined(root, name), "documentation")
        for name in names
        if any(path.endswith(_PAGES) for path in reader.below(joined(root, name)))
    ]


def _default_slug(inside: str) -> str:
    found = _DATED.fullmatch(inside)
    if found:
        return f"{found['date'].replace('-', '/')}/{found['folder']}{found['text']}"
    return inside.removesuffix("/index")
