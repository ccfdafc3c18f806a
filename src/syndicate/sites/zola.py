"""Zola: ``config.toml``, sections and pages (https://www.getzola.org/documentation/).

By its documentation: the engine has no package here to measure it with.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from syndicate.model.url_patterns import absolute, ascii_slug, encoded
from syndicate.sites import markdown_settings
from syndicate.sites.configuration_reader import ConfigurationReader, left_out, roots_by_name
from syndicate.sites.post_folders import FolderSearch, FoundFolders
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
    stem,
)
from syndicate.sites.values import flag, mapping, text

_PAGES: Final = (".md",)
_DATED: Final = re.compile(r"^\d{4}-\d{2}-\d{2}(?:T[0-9:.Z+-]*?)?\s?[_-](?=.)")
_DAY_IN_PATH: Final = re.compile(r"(?:.*/)?(\d{4})/(\d{1,2})/(\d{1,2})/.")
_UNSAFE: Final = re.compile(r"[<>:\"/|?*#()\[\]\s\\]+")


@dataclass(frozen=True, slots=True)
class ZolaEngine(LinkedPages):
    """Sites made by Zola."""

    name: str = "zola"

    def roots(self, files: CommitFiles) -> tuple[str, ...]:
        """Return the folders whose ``config.toml`` has the ``base_url`` of Zola."""
        reader = ConfigurationReader(files)
        named = roots_by_name(files, ("config.toml", "zola.toml"))
        return tuple(
            root for root in named if text(reader.mapping(_path(reader, root)).get("base_url"))
        )

    def read(self, files: CommitFiles, root: str) -> Site:
        """Return what the configuration of the site in ``root`` says."""
        reader = ConfigurationReader(files)
        path = _path(reader, root)
        config = reader.mapping(path)
        content = joined(root, "content")
        sections = dict(_sections(reader, content))
        chronological = [
            folder.removeprefix(f"{content}/")
            for folder, meta in sections.items()
            if text(meta.get("sort_by")) in ("date", "update_date") and folder != content
        ]
        search = FolderSearch(
            reader=reader,
            endings=_PAGES,
            date_keys=("date", "path"),
            declared=frozenset(chronological),
            by_section=True,
        )
        found = search.run(content)
        return Site(
            engine=self.name,
            root=root,
            content_root=content,
            base_url=reader.base_url(text(config.get("base_url")), f"base_url in {path}", path),
            language=_value(config, "default_language", path),
            title=_value(config, "title", path),
            folders=tuple(_folders(found, content)),
            left_out=left_out(found.others),
            values=mapping(config.get("extra")),
            markdown=markdown_settings.of_zola(config, path),
            keeps_offsets=True,
            summary_mark=r"<!--\s*more\s*-->",
            options=_options(config),
            files=tuple(dict.fromkeys(reader.read_paths)),
            problems=tuple(reader.problems),
        )

    def folder(self, path: str, site: Site) -> PostFolder:  # noqa: ARG002 — of the protocol
        """Return the folder at ``path`` as a folder of posts, which the operator says it is."""
        return plain_folder(path)

    def defaults(
        self,
        path: str,  # noqa: ARG002 — of the protocol
        meta: Mapping[str, object],
        site: Site,  # noqa: ARG002 — of the protocol
    ) -> Mapping[str, tuple[object, str]]:
        """Return the day in ``path`` of pages without a date; sections give no front matter."""
        day = _DAY_IN_PATH.match(text(meta.get("path")))
        if day is None or text(meta.get("date")):
            return {}
        return {"date": ("-".join(day.groups()), "path")}

    def hides(self, page: Page, site: Site) -> str:
        """Return why Zola does not publish ``page`` as a post, empty if it does."""
        if site.folder_of(page.path) is None:
            return "not in a section of posts"
        if _name(page.path, site)[0] == "_index":
            return "the page of a section"
        for key, hides in (("draft", True), ("render", False)):
            if flag(page.meta.get(key)) is hides:
                return f"{key}: {str(hides).lower()}"
        return ""

    def url(self, page: Page, site: Site) -> ConfiguredValue:
        """Return the URL of ``page``: its ``path`` as written, else language, section and slug."""
        name, language = _name(page.path, site)
        folders = page.path.removeprefix(f"{site.content_root}/").split("/")[:-1]
        if name == "index" and folders:
            name = folders.pop()
        own, slug = text(page.meta.get("path")), text(page.meta.get("slug"))
        if own:
            path, origin = own.strip("/"), "path"
        else:
            words = slug or (name if site.options["keeps_dates"] else _DATED.sub("", name))
            path, origin = (
                joined(*folders, _slug(words, site)),
                "slug" if slug else "default of Zola",
            )
        prefix = f"/{language}" if language and not own else ""
        url = absolute(f"{prefix}/{encoded(path)}/", site.base_url.value)
        return ConfiguredValue(value=url, origin=origin)


ZOLA: Final = ZolaEngine()


def _options(config: Mapping[str, object]) -> Mapping[str, object]:
    """Return what URLs depend on: languages, and how slugs are made."""
    slugs = mapping(config.get("slugify"))
    return {
        "languages": tuple(mapping(config.get("languages"))),
        "slugs": text(slugs.get("paths")) or "on",
        "keeps_dates": flag(slugs.get("paths_keep_dates")) is True,
    }


def _path(reader: ConfigurationReader, root: str) -> str:
    return reader.first(joined(root, "zola.toml"), joined(root, "config.toml"))


def _value(config: Mapping[str, object], key: str, path: str) -> ConfiguredValue:
    found = text(config.get(key))
    return ConfiguredValue(value=found, origin=f"{key} in {path}") if found else NOT_CONFIGURED


def _sections(
    reader: ConfigurationReader, content: str
) -> Iterator[tuple[str, Mapping[str, object]]]:
    paths = [path for path in reader.below(content) if stem(path) == "_index"]
    for path, meta in reader.front_matter(paths):
        reader.read_paths.append(path)
        yield path.rpartition("/")[0], meta


def _folders(found: FoundFolders, content: str) -> Iterator[PostFolder]:
    """Yield the folders of posts; ``render = false`` leaves out the list of a section only."""
    for folder, reason in found.posts.items():
        yield PostFolder(
            path=folder,
            kind="section",
            name=folder.removeprefix(content).strip("/"),
            permalink=ConfiguredValue(origin="default of Zola"),
            origin=reason,
            is_shallow=folder in found.shallow,
        )


def _name(path: str, site: Site) -> tuple[str, str]:
    """Return the file name of a page without its ending and language, and the language."""
    languages = site.options["languages"]
    name, dot, ending = stem(path).rpartition(".")
    is_language = dot and isinstance(languages, tuple) and ending in languages
    return (name, ending) if is_language else (stem(path), "")


def _slug(words: str, site: Site) -> str:
    if site.options["slugs"] == "on":
        return ascii_slug(words)
    return _UNSAFE.sub("", words.strip()) if site.options["slugs"] == "safe" else words
