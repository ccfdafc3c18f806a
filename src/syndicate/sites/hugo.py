"""Hugo: ``hugo.*``, ``config.*``, ``config/_default`` and content sections (https://gohugo.io/).

Measured with Hugo 0.168.0.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final

from typing_extensions import override

from syndicate.data_files import ENDINGS
from syndicate.model.post import MARKDOWN_EXTENSIONS
from syndicate.sites import hugo_links, hugo_urls, markdown_settings
from syndicate.sites.configuration_reader import (
    ConfigurationReader,
    is_aside,
    left_out,
    roots_by_name,
)
from syndicate.sites.post_folders import FolderSearch
from syndicate.sites.site import (
    NOT_CONFIGURED,
    CommitFiles,
    ConfiguredValue,
    FrontMatterDefaults,
    LinkedPages,
    Page,
    PostFolder,
    Site,
    SiteAuthor,
    joined,
    plain_folder,
    stem,
)
from syndicate.sites.values import flag, language_tag, mapping, text, texts

CONFIGURATION_NAMES: Final = tuple(
    f"{name}{ending}"
    for name in ("hugo", "config")
    for ending in (".toml", ".yaml", ".yml", ".json")
)
_ENVIRONMENTS: Final = ("_default", "production")
"""Folders below ``config`` that a build for the public reads, the later one winning."""
_OWN_KEYS: Final = frozenset(
    {
        *("baseurl", "languagecode", "contentdir", "defaultcontentlanguage", "permalinks"),
        *("taxonomies", "markup", "publishdir", "enablerobotstxt", "disablekinds", "themesdir"),
    }
)
"""Keys by which a ``config.*`` is one of Hugo."""
_PAGES: Final = (*MARKDOWN_EXTENSIONS[:-1], ".html", ".htm")
_MAX_SECTION_PAGES: Final = 300
"""Pages ``_index.*`` that are read for their ``cascade``."""


@dataclass(frozen=True, slots=True)
class HugoEngine(LinkedPages):
    """Sites made by Hugo."""

    name: str = "hugo"

    def roots(self, files: CommitFiles) -> tuple[str, ...]:
        """Return the folders that have a configuration of Hugo."""
        reader = ConfigurationReader(files)
        named = roots_by_name(files, CONFIGURATION_NAMES)
        split = {
            path.partition("config/_default/")[0].rstrip("/")
            for path in files.paths
            if "config/_default/" in path and not is_aside(path.partition("config/_default/")[0])
        }
        found = {root for root in named if _is_hugo(reader, root)}
        roots = found | {root for root in split if _has_split_configuration(reader, root)}
        return tuple(sorted(roots, key=lambda root: (root.count("/"), root)))

    def read(self, files: CommitFiles, root: str) -> Site:
        """Return what the configuration of the site in ``root`` says."""
        reader = ConfigurationReader(files)
        config, path = _configuration(reader, root)
        languages = hugo_urls.languages(config, root, reader)
        main = languages[0]
        folders, others = _folders(reader, config, languages)
        base = text(config.get("baseurl"))
        site = Site(
            engine=self.name,
            root=root,
            content_root=main.content,
            base_url=reader.base_url(base, f"baseURL in {path}", path) or reader.cname(root),
            timezone=reader.zone(config.get("timezone"), f"timeZone in {path}", path),
            language=_language(config, main, path),
            title=_title(config, main, path),
            folders=folders,
            left_out=left_out(others),
            defaults=tuple(_cascades(reader, config, path, folders, languages)),
            excluded=texts(config.get("ignorefiles")),
            authors=_authors(reader, root, main.content),
            values=mapping(config.get("params")),
            markdown=markdown_settings.of_hugo(config, path),
            summary_mark="<!--more-->",
            keeps_offsets=True,
            options={"rules": hugo_urls.rules(config, languages, root, reader)},
        )
        return replace(
            site,
            folders=tuple(
                replace(folder, permalink=hugo_urls.pattern(site, folder.name.split("/")))
                for folder in folders
            ),
            files=tuple(reader.read_paths),
            problems=tuple(reader.problems),
        )

    def folder(self, path: str, site: Site) -> PostFolder:
        """Return the folder at ``path`` as a folder of posts, which the operator says it is."""
        name = path.removeprefix(site.content_root).strip("/")
        return replace(plain_folder(path), kind="section", name=name)

    def defaults(
        self,
        path: str,
        meta: Mapping[str, object],  # noqa: ARG002 — of the protocol
        site: Site,
    ) -> Mapping[str, tuple[object, str]]:
        """Return the values that ``cascade`` gives the page at ``path``, the nearest first."""
        found: dict[str, tuple[object, str]] = {}
        for each in site.defaults:
            if hugo_urls.is_in_cascade(path, each.folder):
                found |= {key: (value, each.origin) for key, value in each.values.items()}
        return found

    def hides(self, page: Page, site: Site) -> str:
        """Return why Hugo does not publish ``page`` as a post, empty if it does."""
        if site.folder_of(page.path) is None:
            return "not in a section of posts"
        if hugo_urls.name_of(page.path, site)[0] == "_index":
            return "the list page of a section"
        if any(_is_ignored(page.path, pattern) for pattern in site.excluded):
            return "excluded by ignoreFiles"
        if flag(page.meta.get("headless")):
            return "headless: true"
        return ""

    def url(self, page: Page, site: Site) -> ConfiguredValue:
        """Return the URL of ``page``: its ``url``, else by its section or path."""
        return hugo_urls.url(page, site)

    @override
    def linked_files(self, name: str, page: str, language: str, site: Site) -> Iterator[str]:
        """Yield the files and folders that ``ref`` may name, those in ``language`` first."""
        return hugo_links.linked_files(name, page, language, site)

    @override
    def linked_url(self, page: Page, site: Site) -> str:
        """Return the URL of the page or of the list page of a section ``page``."""
        return hugo_links.linked_url(page, site)

    @override
    def named_date(self, site: Site) -> bool:
        """Return whether ``[frontmatter]`` puts the file name before all keys."""
        return hugo_urls.rules_of(site).is_named_date_first

    @override
    def date_keys(self, site: Site) -> tuple[str, ...]:
        """Return the keys that ``[frontmatter]`` names."""
        return hugo_urls.rules_of(site).date_keys

    @override
    def folder_url(self, folder: str, site: Site) -> str:
        """Return the URL of the section ``folder``."""
        return hugo_links.folder_url(folder, site)


HUGO: Final = HugoEngine()


def _is_ignored(path: str, pattern: str) -> bool:
    """Return whether ``pattern`` of ``ignoreFiles`` names ``path``.

    A pattern is a regular expression of Go: only those of plain text, ``.*`` and anchors count,
    which cannot take long.
    """
    plain = pattern.replace("\\.", "\0").replace(".*", "\1")
    if re.search(r"[][(){}|+?*\\.]", plain):
        return False
    glob = plain.replace("\0", ".").replace("\1", "*")
    start = "" if glob.startswith("^") else "*"
    end = "" if glob.endswith("$") else "*"
    return fnmatchcase(path, f"{start}{glob.strip('^$')}{end}")


def _is_hugo(reader: ConfigurationReader, root: str) -> bool:
    path = reader.first(*(joined(root, name) for name in CONFIGURATION_NAMES))
    if stem(path) == "hugo":
        return True
    keys = {key.lower() for key in reader.mapping(path)}
    return bool(keys & _OWN_KEYS) and "base_url" not in keys


def _has_split_configuration(reader: ConfigurationReader, root: str) -> bool:
    folder = joined(root, "config/_default")
    return any(
        reader.data_file(joined(folder, name))
        for name in ("hugo", "config", "languages", "params", "markup", "permalinks")
    )


def _configuration(reader: ConfigurationReader, root: str) -> tuple[dict[str, object], str]:
    """Return the whole configuration with keys in lower case, and the path of its main file."""
    path = reader.first(*(joined(root, name) for name in CONFIGURATION_NAMES))
    config = _lowered(reader.mapping(path))
    for environment in _ENVIRONMENTS:
        folder = joined(root, "config", environment)
        for each in list(reader.below(folder)):
            name, ending = stem(each).lower(), each.rpartition(".")[2]
            if each.count("/") != folder.count("/") + 1 or f".{ending}" not in ENDINGS:
                continue
            values = reader.mapping(each)
            is_main = name in ("hugo", "config")
            path = each if is_main or not path else path
            config = _merged(config, _lowered(values if is_main else {name: values}))
    return config, path


def _lowered(value: Mapping[str, object]) -> dict[str, object]:
    """Return ``value`` with its keys in lower case, as Hugo reads them, but for names in it."""
    lowered: dict[str, object] = {}
    for key, each in value.items():
        name = key.lower()
        keeps_case = name in ("params", "menu", "menus", "cascade")
        lowered[name] = _lowered(each) if isinstance(each, dict) and not keeps_case else each
    return lowered


def _merged(old: Mapping[str, object], new: Mapping[str, object]) -> dict[str, object]:
    merged = dict(old)
    for key, value in new.items():
        before = merged.get(key)
        both = isinstance(before, dict) and isinstance(value, dict)
        merged[key] = _merged(mapping(before), mapping(value)) if both else value
    return merged


def _folders(
    reader: ConfigurationReader,
    config: Mapping[str, object],
    languages: tuple[hugo_urls.Language, ...],
) -> tuple[tuple[PostFolder, ...], list[tuple[str, str]]]:
    """Return the sections of posts of every language, and with reasons those that are none."""
    params = {key.lower(): value for key, value in mapping(config.get("params")).items()}
    main_sections = texts(params.get("mainsections") or config.get("mainsections"))
    found: list[PostFolder] = []
    others: list[tuple[str, str]] = []
    for content in dict.fromkeys(language.content for language in languages):
        language = next(each for each in languages if each.content == content)
        search = FolderSearch(
            reader=reader,
            endings=_PAGES,
            date_keys=hugo_urls.DATE_KEYS,
            declared=frozenset(main_sections),
            by_section=True,
        )
        result = search.run(content)
        others += result.others
        found += (
            PostFolder(
                path=folder,
                kind="section",
                name=folder.removeprefix(content).strip("/"),
                origin=reason,
                language="" if language.is_default else language.tag,
                base_url=language.base_url,
                is_shallow=folder in result.shallow,
            )
            for folder, reason in result.posts.items()
        )
    return tuple(found), others


def _language(config: Mapping[str, object], main: hugo_urls.Language, path: str) -> ConfiguredValue:
    for key, value in (
        (f"languages.{main.key}.languageCode", main.tag if main.tag != main.key else ""),
        ("languageCode", language_tag(config.get("languagecode"))),
        ("defaultContentLanguage", language_tag(config.get("defaultcontentlanguage"))),
    ):
        if value:
            return ConfiguredValue(value=value, origin=f"{key} in {path}")
    return NOT_CONFIGURED


def _title(config: Mapping[str, object], main: hugo_urls.Language, path: str) -> ConfiguredValue:
    for key, value in (
        (f"languages.{main.key}.title", main.title),
        ("title", text(config.get("title"))),
    ):
        if value:
            return ConfiguredValue(value=value, origin=f"{key} in {path}")
    return NOT_CONFIGURED


def _cascades(
    reader: ConfigurationReader,
    config: Mapping[str, object],
    path: str,
    folders: tuple[PostFolder, ...],
    languages: tuple[hugo_urls.Language, ...],
) -> Iterator[FrontMatterDefaults]:
    """Yield the ``cascade`` of the configuration and of list pages, the outermost first."""
    contents = tuple(dict.fromkeys(language.content for language in languages))
    for content in contents:
        yield from _cascade(config.get("cascade"), content, content, f"cascade in {path}")
    wanted = {
        page
        for content in contents
        for page in reader.below(content)
        if stem(page).partition(".")[0] == "_index" and _is_near(page, folders)
    }
    for page in sorted(wanted, key=lambda page: (page.count("/"), page))[:_MAX_SECTION_PAGES]:
        content = next(each for each in contents if page.startswith(f"{each}/"))
        cascade = reader.section_front_matter(page).get("cascade")
        yield from _cascade(cascade, page.rpartition("/")[0], content, f"cascade in {page}")


def _is_near(page: str, folders: tuple[PostFolder, ...]) -> bool:
    folder = page.rpartition("/")[0]
    return any(
        f"{folder}/".startswith(f"{each.path}/") or f"{each.path}/".startswith(f"{folder}/")
        for each in folders
    )


def _cascade(
    value: object, folder: str, content: str, origin: str
) -> Iterator[FrontMatterDefaults]:
    for each in value if isinstance(value, list) else [value]:
        values = dict(mapping(each))
        target = mapping(values.pop("_target", None) or values.pop("target", None))
        kinds = text(target.get("kind"))
        if not values or (kinds and not fnmatchcase("page", kinds.strip("{}"))):
            continue
        values |= mapping(values.pop("params", None))
        glob = text(target.get("path"))
        scope = joined(content, glob) if glob else folder
        yield FrontMatterDefaults(folder=scope, values=values, origin=origin)


def _authors(reader: ConfigurationReader, root: str, content: str) -> dict[str, SiteAuthor]:
    """Return authors of ``data/authors``, then those whose taxonomy page has a title."""
    found = reader.authors(joined(root, "data/authors"))
    pages = [
        path
        for path in reader.below(joined(content, "authors"))
        if stem(path) == "_index" and path.count("/") == content.count("/") + 3
    ]
    for path, meta in reader.front_matter(pages[:_MAX_SECTION_PAGES]):
        title = text(meta.get("title"))
        if title:
            found.setdefault(path.split("/")[-2], SiteAuthor(name=title))
    reader.read_paths.extend(pages[:_MAX_SECTION_PAGES])
    return found
