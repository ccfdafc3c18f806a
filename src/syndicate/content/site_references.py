"""What posts refer to besides other posts: pages, files and data of their site at one commit.

What a post names is found by a scan of its raw text, which counts code and comments as well: it
decides which changes elsewhere may change the post, and one too many does no harm. Files of the
site are read when a post first needs them; most posts never do.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from html import unescape
from typing import Final

from syndicate.content.site_pages import with_defaults
from syndicate.content.site_source import SiteSource
from syndicate.data_files import ENDINGS, MAX_BYTES, read_file, read_front_matter
from syndicate.dialects.document.parser import Document
from syndicate.dialects.fields import TextReferences
from syndicate.errors import ContentError
from syndicate.git import Repository
from syndicate.model.post import MARKDOWN_EXTENSIONS, BlobId, CommitId, Path, Post
from syndicate.model.url_patterns import absolute, encoded
from syndicate.render.messages import CommentSyntax
from syndicate.render.templates.template_tags import (
    POST_REFERENCE_TAGS,
    TemplateTag,
    find_tags,
)
from syndicate.render.urls import EXTERNAL, find_urls
from syndicate.sites import ENGINES
from syndicate.sites.site import Page, Site, joined
from syndicate.sites.values import mapping

_OWN_PAGE_VALUES: Final = frozenset(
    {
        *("collection", "content", "date", "dir", "excerpt", "id", "name", "next", "output"),
        *("path", "previous", "relative_path", "slug", "title", "url", "categories", "tags"),
    }
)
"""Values of a page that engines make themselves."""
_PART: Final = re.compile(r"[\w\-]+")
_INDEX: Final = re.compile(r"[0-9]{1,9}")
_MAX_PARTS: Final = 8
"""Parts of the name of a value: each may be a folder, a file or a key."""

Values = tuple[tuple[str, str | None], ...]
"""Plain values by name; None if the site has none of that name."""


class SiteReferences:
    """The files of one commit that posts of one source refer to."""

    def __init__(
        self, described: SiteSource, repository: Repository, commit: CommitId | None
    ) -> None:
        self.commit: Final = commit
        self._site: Final = described.site
        self._site_url: Final = described.source.site_url
        self._repository: Final = repository
        self._blobs: Mapping[Path, BlobId] | None = None
        self._data: Final[dict[Path, object]] = {}
        self._front_matter: Final[dict[Path, Mapping[str, object]]] = {}

    def page_urls(self, post: Post, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Return (name, URL) of each of ``names``, as in the tags of ``post``, that is a page.

        Or another file of the site. Raises `RepositoryError`.
        """
        return tuple((name, url) for name in names if (url := self._page_url(post, name)))

    def values(self, names: Iterable[str], post: Post, document: Document) -> Values:
        """Return the plain values that ``names`` stand for in ``post``, whose file is ``document``.

        Names whose value is unknown, or no text, are left out. Raises `RepositoryError`.
        """
        meta = with_defaults(document, self._site)[0].meta if self._site else document.meta
        found = ((name, tuple(self._find(name, post, meta))) for name in names)
        return tuple((name, _plain(values[0])) for name, values in found if _is_plain(values))

    def site_values(self, names: Iterable[str], post: Post) -> Values:
        """Return what `values` does, as far as the site has them and not ``post`` itself.

        Of ``page.KEY``, only what the front-matter defaults of the site say.
        """
        document = Document(path=post.path, meta={}, body="", body_line=1, key_lines={})
        found = self.values(names, post, document)
        return tuple(
            (name, value)
            for name, value in found
            if value is not None or not name.startswith("page.")
        )

    def _find(self, name: str, post: Post, meta: Mapping[str, object]) -> Iterator[object]:
        """Yield the value called ``name``, None if there is none; nothing if that is unknown."""
        first, *rest = _PART.findall(name)[:_MAX_PARTS]
        site = self._site
        if site and site.engine == "eleventy":
            yield from self._eleventy_value(site, [first, *rest], post, meta)
        elif first == "page" and rest and rest[0] not in _OWN_PAGE_VALUES - meta.keys():
            yield from _inside(meta, rest) if rest[0] in meta else [None]
        elif first == "site" and site and rest[:1] == ["data"]:
            yield from self._data_value(site, rest[1:])
        elif first == "site" and site:
            yield from _inside(site.values, rest)
        elif first == "param":
            yield from self._parameter(rest, meta)

    def _eleventy_value(
        self, site: Site, keys: list[str], post: Post, meta: Mapping[str, object]
    ) -> Iterator[object]:
        """Yield the value of Eleventy's data cascade, in which a page has names of its own."""
        if keys[0] == "page":
            own = ENGINES[site.engine].page_values(post.path)
            yield from _inside(own, keys[1:])
        elif keys[0] in meta:
            yield from _inside(meta, keys)
        else:
            yield from self._data_value(site, keys)

    def _parameter(self, keys: list[str], meta: Mapping[str, object]) -> Iterator[object]:
        """Yield the parameter of the page, else of the site, in any case (Hugo's ``param``)."""
        for values in (meta, self._site.values if self._site else {}):
            found = list(_inside(_lowered(values), keys))
            if found:
                yield found[0]
                return

    def _data_value(self, site: Site, keys: list[str]) -> Iterator[object]:
        """Yield the value at ``keys``, of which the first ones name folders and a data file."""
        for folder in ENGINES[site.engine].data_folders(site):
            for count in range(1, len(keys) + 1):
                stem = joined(folder, *keys[:count])
                path = next((p for e in ENDINGS if (p := Path(stem + e)) in self._files()), None)
                if path is not None:
                    yield from _inside({"": self._read_data(path)}, ["", *keys[count:]])
                    return

    def _page_url(self, post: Post, name: str) -> str:
        if self._site is None:
            path = Path(posixpath.normpath(name.lstrip("/")))
            is_page = path.endswith((*MARKDOWN_EXTENSIONS, ".html"))
            is_file = path in self._files() and not is_page
            return absolute(encoded(path), self._site_url) if is_file else ""
        engine = ENGINES[self._site.engine]
        for target in engine.linked_files(name, post.path, post.language, self._site):
            path = Path(target)
            if path in self._files():
                page = Page(path=path, meta=self._read_front_matter(path))
                return engine.linked_url(page, self._site)
            if path in self._folders:
                return engine.folder_url(path, self._site)
        return ""

    @cached_property
    def _folders(self) -> frozenset[str]:
        return frozenset(parent for path in self._files() for parent in _parents(path))

    def _files(self) -> Mapping[Path, BlobId]:
        if self._blobs is None:
            files = self._repository.list_files(self.commit, (Path("."),)) if self.commit else ()
            self._blobs = {file.path: file.blob for file in files}
        return self._blobs

    def _read(self, path: Path) -> bytes:
        blobs = self._repository.read_blobs([self._files()[path]], max_bytes=MAX_BYTES)
        return next((content for _, content in blobs if isinstance(content, bytes)), b"")

    def _read_data(self, path: Path) -> object:
        if path not in self._data:
            try:
                self._data[path] = read_file(path, self._read(path))
            except ContentError:
                self._data[path] = None
        return self._data[path]

    def _read_front_matter(self, path: Path) -> Mapping[str, object]:
        if path not in self._front_matter:
            try:
                self._front_matter[path] = read_front_matter(path, self._read(path))
            except ContentError:
                self._front_matter[path] = {}
        return self._front_matter[path]


def _parents(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _inside(values: Mapping[str, object], keys: list[str]) -> Iterator[object]:
    """Yield the value at ``keys``; nothing if one of them is missing."""
    value: object = values
    for key in keys:
        if isinstance(value, list) and _INDEX.fullmatch(key) and int(key) < len(value):
            value = value[int(key)]
        elif key in mapping(value):
            value = mapping(value)[key]
        else:
            return
    yield value


def _lowered(values: Mapping[str, object]) -> dict[str, object]:
    return {key.lower(): value for key, value in values.items()}


def _is_plain(values: tuple[object, ...]) -> bool:
    """Return whether there is a value, and it can stand in a text without running a template."""
    if not values:
        return False
    is_template = isinstance(values[0], str) and ("{{" in values[0] or "{%" in values[0])
    return not isinstance(values[0], list | dict) and not is_template


def _plain(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


_FRAME: Final = re.compile(
    r"""<iframe\b[^<>]{0,999}?\bsrc=["']?(?:https?:)?//([^/"'?#\s>]+)""", re.IGNORECASE
)


_COMMENT_MARKS: Final[Mapping[CommentSyntax, re.Pattern[str]]] = {
    "kramdown": re.compile(r"\{::comment\b"),
    "nunjucks": re.compile(r"\{#(?![\w:.\-]+[^{}\n#]*\})"),
    "mdx": re.compile(r"\{/\*"),
}
"""How a comment of each syntax begins; ``{#id .class}`` is an attribute list of Markdown."""


def find_references(body: str, previews: Iterable[str]) -> TextReferences:
    """Return what ``body`` and the texts of summary and card, ``previews``, refer to."""
    previews = tuple(previews)
    all_tags = tuple(_tags(body))
    text = _without(all_tags, body)
    tags = {tag.source: tag for tag in all_tags}.values()  # what a tag says is in its source
    pages = (
        tag.call.page_name.partition("#")[0] for tag in tags if tag.name in POST_REFERENCE_TAGS
    )
    names = (*_argument_names(tags), *map(unescape, find_urls(text)))
    named = (name.partition("#")[0] for name in names)
    return TextReferences(
        names=tuple(dict.fromkeys(name for name in named if name and not EXTERNAL.match(name))),
        tags=_replaceable_names(tags),
        preview_tags=_replaceable_names(tag for text in previews for tag in _tags(text)),
        frame_hosts=tuple(dict.fromkeys(host.lower() for host in _FRAME.findall(text))),
        pages=tuple(dict.fromkeys(filter(None, pages))),
        values=find_value_names("\n".join((body, *previews))),
        comments=tuple(
            syntax
            for syntax, mark in _COMMENT_MARKS.items()
            if any(map(mark.search, (body, *previews)))
        ),
    )


def _tags(text: str) -> Iterator[TemplateTag]:
    """Yield the tags of ``text``; most texts have none."""
    return find_tags(text, ()) if "{{" in text or "{%" in text else iter(())


def _without(tags: Iterable[TemplateTag], text: str) -> str:
    parts, end = [], 0
    for tag in tags:
        parts.append(text[end : tag.start])
        end = tag.end
    return "".join([*parts, text[end:]])


def _argument_names(tags: Iterable[TemplateTag]) -> Iterator[str]:
    """Yield the arguments of ``tags`` that may name a page or a file."""
    for tag in tags:
        for call in (tag.call, *tag.filters):
            for argument in (call.page_name, *call.arguments, *call.named_arguments.values()):
                if "/" in argument or "." in argument or tag.name in POST_REFERENCE_TAGS:
                    yield argument


def _replaceable_names(tags: Iterable[TemplateTag]) -> tuple[str, ...]:
    """Return all names by which the settings may replace one of ``tags``."""
    return tuple(dict.fromkeys(name for tag in tags for name in tag.replaceable_names if name))


_TAG: Final = re.compile(r"\{\{(?:(?!\{\{).)*?\}\}|\{%(?:(?!\{%).)*?%\}", re.DOTALL)
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_NAME: Final = re.compile(r"(?<![\w.\-])[A-Za-z_][\w\-]*(?:\.[\w\-]+|\[\d+\])*")
_PARAMETER: Final = re.compile(r"\bparam\s+[\"'`]?([\w.\-]+)")


def find_value_names(body: str) -> tuple[str, ...]:
    """Return the words in the template tags of ``body`` that may be names of values, each once.

    The argument of Hugo's shortcode ``param`` has ``param.`` before it, in lower case.
    """
    if "{{" not in body and "{%" not in body:
        return ()
    names: dict[str, None] = {}
    for tag in _TAG.finditer(body):
        for parameter in _PARAMETER.finditer(tag[0]):
            names[f"param.{parameter[1].lower()}"] = None
        names |= dict.fromkeys(_NAME.findall(_QUOTED.sub(" ", tag[0])))
    return tuple(names)
