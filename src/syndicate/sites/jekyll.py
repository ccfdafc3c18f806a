"""Jekyll: ``_config.yml``, collections and ``_posts`` folders (https://jekyllrb.com/docs/).

Measured with Jekyll 4.3.1.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final

from typing_extensions import override

from syndicate.model.post import MARKDOWN_EXTENSIONS
from syndicate.model.url_patterns import PERMALINK_STYLES, matches_glob
from syndicate.sites import jekyll_urls, markdown_settings
from syndicate.sites.configuration_reader import (
    ConfigurationReader,
    is_aside,
    left_out,
    roots_by_name,
)
from syndicate.sites.site import (
    NOT_CONFIGURED,
    CommitFiles,
    ConfiguredValue,
    FrontMatterDefaults,
    LinkedPages,
    Page,
    PostFolder,
    Site,
    is_below,
    is_dated_name,
    joined,
    plain_folder,
    stem,
)
from syndicate.sites.values import first_text, flag, language_tag, mapping, text, texts

CONFIGURATION_NAMES: Final = ("_config.yml", "_config.yaml", "_config.toml")
_POSTS: Final = "_posts"
_PAGES: Final = (*MARKDOWN_EXTENSIONS[:-1], ".html", ".htm")
_EXCLUDED: Final = ("node_modules", "vendor", "Gemfile", ".sass-cache", ".jekyll-cache")


@dataclass(frozen=True, slots=True)
class JekyllEngine(LinkedPages):
    """Sites made by Jekyll."""

    name: str = "jekyll"

    def roots(self, files: CommitFiles) -> tuple[str, ...]:
        """Return the folders with a configuration, else those that ``_posts`` folders are in."""
        found = roots_by_name(files, CONFIGURATION_NAMES)
        if found:
            return found
        has_posts = any(
            f"/{_POSTS}/" in f"/{path}" and not is_aside(path.partition(_POSTS)[0])
            for path in files.paths
        )
        return ("",) if has_posts else ()

    def read(self, files: CommitFiles, root: str) -> Site:
        """Return what the configuration of the site in ``root`` says."""
        reader = ConfigurationReader(files)
        path = reader.first(*(joined(root, name) for name in CONFIGURATION_NAMES))
        config = reader.mapping(path)
        content_root = joined(root, text(config.get("source")))
        excluded = (*_EXCLUDED, *texts(config.get("exclude")))
        folders, others = _folders(reader, config, path, content_root, excluded)
        authors = reader.authors(
            joined(content_root, text(config.get("data_dir")) or "_data", "authors")
        )
        return Site(
            engine=self.name,
            root=root,
            content_root=content_root,
            base_url=_base_url(reader, config, path) or reader.cname(root),
            timezone=reader.zone(config.get("timezone"), f"timezone in {path}", path),
            language=_language(config, path),
            title=_title(config, path),
            folders=folders,
            left_out=left_out(others),
            defaults=tuple(_defaults(config, path, content_root)),
            excluded=tuple(joined(content_root, glob) for glob in excluded),
            authors=authors,
            values=config,
            markdown=markdown_settings.of_jekyll(config, path),
            summary_mark=re.escape(text(config.get("excerpt_separator"))),
            files=tuple(reader.read_paths),
            problems=tuple(reader.problems),
        )

    def folder(self, path: str, site: Site) -> PostFolder:
        """Return the folder at ``path`` as a folder of posts, which the operator says it is."""
        name = "posts" if path.endswith(_POSTS) else path.rpartition("/")[2].lstrip("_")
        collections = _collections(site.values)
        source = site.files[0] if site.files else ""
        permalink = (
            _posts_permalink(site.values, collections, source)
            if name == "posts"
            else _collection_permalink(site.values, name, collections.get(name, {}), source)
        )
        return replace(plain_folder(path, permalink), kind="collection", name=name)

    def defaults(
        self,
        path: str,
        meta: Mapping[str, object],  # noqa: ARG002 — of the protocol
        site: Site,
    ) -> Mapping[str, tuple[object, str]]:
        """Return the values of ``defaults`` whose scope holds ``path``, the narrowest first."""
        folder = site.folder_of(path)
        collection = folder.name if folder else "pages"
        found: dict[str, tuple[object, str]] = {}
        before: FrontMatterDefaults | None = None
        for each in site.defaults:
            if each.collection not in ("", collection) or not _is_in_scope(path, each, site):
                continue
            values = {key: (value, each.origin) for key, value in each.values.items()}
            if before is None or _counts_before(each, before):
                found, before = found | values, each
            else:
                found = values | found
        return found

    def hides(self, page: Page, site: Site) -> str:
        """Return why Jekyll does not publish ``page`` as a post, empty if it does."""
        folder = site.folder_of(page.path)
        if folder is None:
            return "not in a folder of posts"
        if folder.name == "posts" and not is_dated_name(page.path):
            return "Jekyll reads only files named YEAR-MONTH-DAY-title in _posts"
        inside = page.path.removeprefix(f"{folder.path}/").rpartition(".")[0]
        if folder.name != "posts" and inside == "index":
            return "an index page"
        if any(matches_glob(page.path, glob) for glob in site.excluded):
            return "excluded by the configuration of the site"
        return ""

    def url(self, page: Page, site: Site) -> ConfiguredValue:
        """Return the URL of ``page``: its permalink, else the pattern of its collection."""
        return jekyll_urls.url(page, site)

    @override
    def linked_files(self, name: str, page: str, language: str, site: Site) -> Iterator[str]:
        """Yield the path that the tag ``link`` names, from the source folder of the site."""
        yield joined(site.content_root, posixpath.normpath(name.strip("/") or "."))

    @override
    def linked_url(self, page: Page, site: Site) -> str:
        """Return the URL of the document, page or static file ``page``."""
        home = joined(site.content_root, text(site.values.get("collections_dir")))
        named = (joined(home, f"_{name}") for name in _collections(site.values))
        around = tuple(self.folder(path, site) for path in named if is_below(page.path, path))
        return jekyll_urls.linked_url(page, replace(site, folders=(*site.folders, *around)))

    @override
    def data_folders(self, site: Site) -> tuple[str, ...]:
        """Return the folder of the files that ``site.data`` holds."""
        return (joined(site.content_root, text(site.values.get("data_dir")) or "_data"),)


JEKYLL: Final = JekyllEngine()


def _base_url(
    reader: ConfigurationReader, config: Mapping[str, object], path: str
) -> ConfiguredValue:
    url, base = text(config.get("url")), text(config.get("baseurl"))
    if not url and base.startswith(("http://", "https://")):
        url, base = base, ""
    return reader.base_url(joined_url(url, base), f"url in {path}", path)


def joined_url(url: str, base: str) -> str:
    """Return ``url`` with the path ``base`` after it; nothing without ``url``."""
    return f"{url.rstrip('/')}/{base.strip('/')}".rstrip("/") if url else ""


def _language(config: Mapping[str, object], path: str) -> ConfiguredValue:
    for key in ("lang", "locale", "language"):
        tag = language_tag(config.get(key))
        if tag:
            return ConfiguredValue(value=tag, origin=f"{key} in {path}")
    return NOT_CONFIGURED


def _title(config: Mapping[str, object], path: str) -> ConfiguredValue:
    key, title = first_text(config, ("title", "name"))
    return ConfiguredValue(value=title, origin=f"{key} in {path}") if title else NOT_CONFIGURED


def _folders(
    reader: ConfigurationReader,
    config: Mapping[str, object],
    path: str,
    root: str,
    excluded: tuple[str, ...],
) -> tuple[tuple[PostFolder, ...], list[tuple[str, str]]]:
    """Return the folders of posts, and with reasons the collections that are none."""
    collections = _collections(config)
    home = joined(root, text(config.get("collections_dir")))
    permalink = _posts_permalink(config, collections, path)
    found = [
        PostFolder(
            path=folder, kind="collection", name="posts", permalink=permalink, origin="_posts"
        )
        for folder in _posts_folders(reader, home, excluded)
        if flag(collections.get("posts", {}).get("output")) is not False
    ]
    others: list[tuple[str, str]] = []
    for name, options in collections.items():
        folder = joined(home, f"_{name}")
        if name == "posts":
            continue
        reason = _collection_error(reader, folder, options)
        if reason:
            others.append((folder, reason))
            continue
        origin = f"collections.{name} in {path}"
        pattern = _collection_permalink(config, name, options, path)
        found.append(
            PostFolder(path=folder, kind="collection", name=name, permalink=pattern, origin=origin)
        )
    return tuple(found), others


def _collections(config: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    declared = config.get("collections")
    if isinstance(declared, list):
        return {name: {} for name in texts(declared)}
    return {name: mapping(options) for name, options in mapping(declared).items()}


def _collection_error(
    reader: ConfigurationReader, folder: str, options: Mapping[str, object]
) -> str:
    if flag(options.get("output")) is not True:
        return "the collection has no output"
    pages = [p for p in reader.below(folder) if p.lower().endswith(_PAGES) and stem(p) != "index"]
    return reader.posts_error(pages, folder.rpartition("/")[2].lstrip("_"), ("date",))


def _posts_folders(reader: ConfigurationReader, home: str, excluded: tuple[str, ...]) -> list[str]:
    """Return every ``_posts`` folder that Jekyll enters on its way down from ``home``."""
    found: dict[str, bool] = {}
    for path in reader.below(home):
        inside = path.removeprefix(f"{home}/") if home else path
        before, mark, _ = f"/{inside}".partition(f"/{_POSTS}/")
        if mark and before not in found:
            found[before] = _is_entered(before, excluded)
    return [joined(home, before, _POSTS) for before, is_entered in found.items() if is_entered]


def _is_entered(folder: str, excluded: tuple[str, ...]) -> bool:
    parents = [part for part in folder.split("/") if part]
    if is_aside(folder) or any(part.startswith(("_", ".")) for part in parents):
        return False
    return not any(matches_glob("/".join(parents), glob) for glob in excluded)


def _posts_permalink(
    config: Mapping[str, object], collections: Mapping[str, Mapping[str, object]], path: str
) -> ConfiguredValue:
    own = text(collections.get("posts", {}).get("permalink"))
    if own:
        return ConfiguredValue(value=own, origin=f"collections.posts.permalink in {path}")
    style = text(config.get("permalink"))
    if style:
        return ConfiguredValue(
            value=PERMALINK_STYLES.get(style, style), origin=f"permalink in {path}"
        )
    return ConfiguredValue(value=PERMALINK_STYLES["date"], origin="default of Jekyll")


def _collection_permalink(
    config: Mapping[str, object], name: str, options: Mapping[str, object], path: str
) -> ConfiguredValue:
    own = text(options.get("permalink"))
    if own:
        return ConfiguredValue(value=own, origin=f"collections.{name}.permalink in {path}")
    style = text(config.get("permalink")) or "date"
    ending = ""
    if style == "pretty" or style.endswith("/"):
        ending = "/"
    elif style in ("date", "ordinal", "none") or style.endswith(":output_ext"):
        ending = ":output_ext"
    return ConfiguredValue(value=f"/:collection/:path{ending}", origin="default of Jekyll")


def _defaults(config: Mapping[str, object], path: str, root: str) -> Iterator[FrontMatterDefaults]:
    declared = config.get("defaults")
    for number, each in enumerate(declared if isinstance(declared, list) else []):
        scope = mapping(mapping(each).get("scope"))
        values = mapping(mapping(each).get("values"))
        yield FrontMatterDefaults(
            folder=joined(root, text(scope.get("path"))),
            collection=text(scope.get("type")),
            values=values,
            origin=f"defaults[{number}] in {path}",
        )


def _is_in_scope(path: str, each: FrontMatterDefaults, site: Site) -> bool:
    collections = joined(site.content_root, text(site.values.get("collections_dir")))
    inside = joined(site.content_root, path.removeprefix(f"{collections}/"))
    return any(
        fnmatchcase(one, each.folder)
        if "*" in each.folder
        else one == each.folder or is_below(one, each.folder)
        for one in (path, inside)
    )


def _counts_before(new: FrontMatterDefaults, before: FrontMatterDefaults) -> bool:
    if len(new.folder) != len(before.folder):
        return len(new.folder) > len(before.folder)
    return bool(new.collection) or not before.collection
