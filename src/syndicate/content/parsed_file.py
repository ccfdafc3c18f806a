"""Parses files of a repository as posts; the disk cache has the results by content."""

import pathlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import structs

from syndicate import data_files, dialects, sites, telemetry
from syndicate.cache import Cache
from syndicate.content import site_pages, site_references
from syndicate.content.code_fingerprint import code_digest, zone_data_digest
from syndicate.content.site_source import DEFAULT_DIALECT, SiteSource
from syndicate.dialects import DIALECTS
from syndicate.dialects.dialect import Dialect
from syndicate.dialects.document.parser import Document, parse_document
from syndicate.dialects.document.plain_values import displayable_path
from syndicate.dialects.fields import Fields, VersionFields
from syndicate.dialects.front_matter.permalink import split_at_folder
from syndicate.errors import ContentError
from syndicate.git import Repository, UnreadableBlob
from syndicate.model import category, languages, url_patterns
from syndicate.model.category import Vocabulary
from syndicate.model.content_reader import DEFAULT_CONTENT_LIMITS, ContentLimits
from syndicate.model.post import BlobId, Path, Source
from syndicate.render import html_tokens, urls
from syndicate.render.templates import template_tags
from syndicate.sites import ENGINES
from syndicate.sites.site import Page, Site

_T = TypeVar("_T")

CACHE_NAMESPACE: Final = "parsed-files"
VERSION_NAMESPACE: Final = "file-versions"
KEY_BYTES: Final = 16
"""Length of the cache key of a parsed file or version."""

PARSER_CODE: Final = (
    pathlib.Path(dialects.__file__).parent,
    pathlib.Path(sites.__file__).parent,
    pathlib.Path(__file__),
    pathlib.Path(category.__file__),
    pathlib.Path(languages.__file__),
    pathlib.Path(data_files.__file__),
    pathlib.Path(url_patterns.__file__),
    pathlib.Path(site_pages.__file__),
    pathlib.Path(site_references.__file__),
    pathlib.Path(html_tokens.__file__),
    pathlib.Path(urls.__file__),
    pathlib.Path(template_tags.__file__),
)
"""The code that decides the content of a `ParsedFile`; its digest is part of the cache key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseError:
    """The reason why a file cannot be read as a post; ``line`` is 0 if unknown."""

    rule: str
    line: int
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFile:
    """A file read as a post: ``fields``, or an ``error``, or neither if it is not a post."""

    fields: Fields | None = None
    error: ParseError | None = None
    is_damaged: bool = False
    """Whether git cannot read the blob, which may be repaired later."""
    is_text: bool = False
    """Whether the file is no post because it has no front matter, but has words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedVersion:
    """An older version of a file read as a post, which it was if it has ``fields``."""

    fields: VersionFields | None = None
    is_broken: bool = False
    """Whether it could not be read, so that the version before it was served."""
    is_damaged: bool = False
    """Whether git cannot read the blob, which may be repaired later."""

    @classmethod
    def of(cls, file: ParsedFile) -> "ParsedVersion":
        """Return what counts of ``file`` once it is an older version."""
        return cls(
            fields=file.fields.as_version if file.fields else None,
            is_broken=file.error is not None,
            is_damaged=file.is_damaged,
        )


FileVersion = tuple[Path, BlobId]
"""A path and the content that its file had at a commit."""


class FileParser:
    """Parses files of one source, unless the cache has the result."""

    def __init__(
        self,
        described: SiteSource,
        repository: Repository,
        cache: Cache,
        vocabulary: Vocabulary,
        limits: ContentLimits = DEFAULT_CONTENT_LIMITS,
    ) -> None:
        source, site = described.source, described.site
        self._source = site_pages.with_date_keys(source, site) if site else source
        self._site = site
        self._repository = repository
        self._cache = cache
        self._vocabulary = vocabulary
        self._limits = limits
        self._dialect: Dialect = DIALECTS[source.dialect or DEFAULT_DIALECT]
        self._decoder = msgspec.msgpack.Decoder(ParsedFile)
        self._version_decoder = msgspec.msgpack.Decoder(ParsedVersion)
        self._authors = dict(source.authors)
        self._author_urls = dict(source.author_urls)
        made_by = f"{code_digest(*PARSER_CODE)} {zone_data_digest(source.zone)}"
        rules = (_settings_that_count(self._source), vocabulary, limits, site and site.summary_mark)
        self._settings_digest = sha256(f"{made_by} {rules}".encode()).hexdigest()
        self._rules_digests: dict[Path, bytes] = {}
        """Digests of what decides how the file at a path is read."""

    def parse(self, versions: Iterable[FileVersion]) -> dict[FileVersion, ParsedFile]:
        """Return the parsed files; the result depends on the content and on the path.

        A change of settings or of the site's configuration reads only those files again that it
        decides something about.
        """
        keys = {version: self.cache_key(version) for version in versions}
        found = self._cached(CACHE_NAMESPACE, keys, self._decoder)
        parsed = {
            version: file for version, file in found.items() if self._has_present_authors(file)
        }
        missing = [version for version in keys if version not in parsed]
        telemetry.posts_parsed_total.labels(self._source.name).inc(len(missing))
        fresh = {
            version: document if isinstance(document, ParsedFile) else self._parse_file(document)
            for version, document in self._read_documents(missing)
        }
        self._store(CACHE_NAMESPACE, keys, fresh)
        return parsed | fresh

    def parse_older(
        self, versions: Iterable[FileVersion], present: "PresentFiles | None" = None
    ) -> dict[FileVersion, ParsedVersion]:
        """Return what counts of older versions of files, as `parse` returns the newest ones.

        Goal: a first start with 50,000 commits takes 10 s of CPU. Nobody reads their texts, links,
        authors and problems, and with `parse` for each of them it takes 19 s. Those that are
        ``present`` are parsed in full anyhow, once for both.
        """
        keys = {version: self.cache_key(version) for version in versions}
        found = self._cached(VERSION_NAMESPACE, keys, self._version_decoder)
        missing = {version: key for version, key in keys.items() if version not in found}
        files = present.parse(missing) if present else {}
        fresh = {version: ParsedVersion.of(file) for version, file in files.items()} | {
            version: self._parse_version(document)
            for version, document in self._read_documents(
                each for each in missing if each not in files
            )
        }
        self._store(VERSION_NAMESPACE, keys, fresh)
        return found | fresh

    def _cached(
        self, namespace: str, keys: Mapping[FileVersion, str], decoder: msgspec.msgpack.Decoder[_T]
    ) -> dict[FileVersion, _T]:
        cached = self._cache.get(namespace, keys.values())
        return {
            version: decoder.decode(cached[key]) for version, key in keys.items() if key in cached
        }

    def _store(
        self,
        namespace: str,
        keys: Mapping[FileVersion, str],
        files: Mapping[FileVersion, ParsedFile] | Mapping[FileVersion, ParsedVersion],
    ) -> None:
        entries = {
            keys[version]: msgspec.msgpack.encode(file)
            for version, file in files.items()
            if not file.is_damaged  # the object may be restored later
        }
        self._cache.put(namespace, entries)

    def _read_documents(
        self, versions: Iterable[FileVersion]
    ) -> Iterator[tuple[FileVersion, Document | ParsedFile]]:
        """Yield each file as a document; as a parsed file without fields if it is none."""
        paths: dict[BlobId, list[Path]] = {}
        for path, blob in versions:
            paths.setdefault(blob, []).append(path)
        contents = self._repository.read_blobs(paths, max_bytes=self._limits.post_bytes)
        for blob, content in contents:
            for path in paths[blob]:
                yield (path, blob), self._read_document(path, content)

    def _read_document(self, path: Path, data: bytes | UnreadableBlob) -> Document | ParsedFile:
        if isinstance(data, UnreadableBlob):
            unreadable = _parse_error(_unreadable_error(path, data, self._limits))
            return ParsedFile(error=unreadable, is_damaged=data.reason != "too-large")
        try:
            document = parse_document(path, data, self._limits)
            return document or ParsedFile(
                is_text=any(map(str.isalnum, data.decode(errors="replace")))
            )
        except ContentError as error:
            return ParsedFile(error=_parse_error(error))

    def _parse_file(self, document: Document) -> ParsedFile:
        fields = self._read_fields(document)
        if len(fields.categories) > self._limits.categories:
            error = _too_many_categories_error(document.path, len(fields.categories), self._limits)
            return ParsedFile(error=_parse_error(error))
        return ParsedFile(fields=fields)

    def _parse_version(self, document: Document | ParsedFile) -> ParsedVersion:
        if isinstance(document, ParsedFile):
            return ParsedVersion.of(document)
        if self._site is not None:
            document, _ = site_pages.with_defaults(document, self._site)
        fields = self._dialect.read_version(document, self._source, self._vocabulary)
        if len(fields.categories) > self._limits.categories:
            return ParsedVersion(is_broken=True)
        if self._site is not None:
            fields = site_pages.version_with_site_rules(fields, document, self._site)
        if not fields.language:
            fields = structs.replace(fields, language=self._source.language)
        return ParsedVersion(fields=fields)

    def _read_fields(self, document: Document) -> Fields:
        origins: Mapping[str, str] = {}
        if self._site is not None:
            document, origins = site_pages.with_defaults(document, self._site)
        fields = self._dialect.read_fields(document, self._source, self._vocabulary)
        if self._site is not None:
            fields = site_pages.with_site_rules(fields, document, self._site, origins)
        text, previews = (
            self._dialect.text_to_render(document),
            (fields.summary, fields.card_summary),
        )
        if fields.hidden_reason:
            origin = _origin_of_hiding(fields.hidden_reason, document, origins)
            fields = structs.replace(fields, origins=(*fields.origins, *origin))
        return structs.replace(fields, references=site_references.find_references(text, previews))

    @property
    def rules(self) -> tuple[str, tuple[Path, ...], Site | None]:
        """What decides the results of `parse_older`."""
        return self._settings_digest, self._source.folders, self._site

    def cache_key(self, version: FileVersion) -> str:
        """Return the cache key of a parsed file: 16 bytes in hexadecimal digits."""
        path, blob = version
        rules = self._rules_digests.get(path)
        if rules is None:
            what_counts = (
                f"{self._settings_digest} {_rules_for(path, self._source, self._site)} {path}"
            )
            rules = sha256(what_counts.encode("utf-8", "surrogateescape")).digest()
            self._rules_digests[path] = rules
        return sha256(rules + blob.encode()).digest()[:KEY_BYTES].hex()

    def _has_present_authors(self, file: ParsedFile) -> bool:
        """Return whether the authors that ``file`` names have the same names and URLs now."""
        entries = file.fields.author_entries if file.fields else ()
        return all(
            (self._authors.get(author, ""), self._author_urls.get(author, "")) == (name, url)
            for author, name, url in entries
        )


@dataclass(frozen=True, slots=True)
class PresentFiles:
    """The files of the commit that is read, None for removed ones, and the ``parser`` for them."""

    parser: FileParser
    blobs: Mapping[Path, BlobId | None]

    def parse(self, keys: Mapping[FileVersion, str]) -> dict[FileVersion, ParsedFile]:
        """Return those of the versions in ``keys`` that are present, and read in the same way.

        ``keys`` are those of the cache. A cache keeps the result for `FileParser.parse`.
        """
        return self.parser.parse(
            (path, blob)
            for (path, blob), key in keys.items()
            if self.blobs.get(path) == blob and self.parser.cache_key((path, blob)) == key
        )


def _settings_that_count(source: Source) -> Source:
    """Return ``source`` without what does not decide how a file is read, or only that of some.

    Folders count by the path of a file, and authors by what a file names.
    """
    return replace(
        source,
        title="",
        repository="",
        ref="",
        folders=(),
        site_url=urlsplit(source.site_url).netloc,
        id_authority="",
        permalink="",
        permalinks=(),
        rights="",
        rights_url="",
        replacements=(),
        authors=(),
        author_urls=(),
        embeds=(),
        assets="link",
        derived=(),
    )


def _rules_for(path: Path, source: Source, site: Site | None) -> object:
    """Return what the folders of ``source`` and the configuration of ``site`` say about a page."""
    place = split_at_folder(path, source)
    if site is None:
        return place
    engine, folder = ENGINES[site.engine], site.folder_of(path)
    return (
        place,
        site.engine,
        folder and (folder.path, folder.name, folder.language),
        any(each.language for each in site.folders),
        engine.defaults(path, {}, site),
        engine.hides(Page(path=path, meta={}), site),
        engine.named_date(site) and site.timezone.value,
    )


def _parse_error(error: ContentError) -> ParseError:
    return ParseError(rule=error.code, line=error.line, message=error.message, hint=error.hint)


def _unreadable_error(path: Path, blob: UnreadableBlob, limits: ContentLimits) -> ContentError:
    if blob.reason == "too-large":
        return ContentError(
            f"{displayable_path(path)} has {blob.size:,} bytes; at most {limits.post_bytes:,} are"
            " allowed",
            hint="Shorten the post, or raise post_bytes in [limits].",
            code="over-limit",
        )
    return ContentError(
        f"git cannot read the content of {displayable_path(path)}: "
        "the object is missing or corrupt",
        hint="Run `git fsck` in the repository and restore the object from another clone.",
        code="damaged-object",
    )


def _too_many_categories_error(path: Path, count: int, limits: ContentLimits) -> ContentError:
    return ContentError(
        f"{displayable_path(path)} has {count:,} categories; at most {limits.categories:,} are"
        " allowed",
        hint="Remove categories, or raise categories in [limits].",
        code="over-limit",
    )


def _origin_of_hiding(
    reason: str, document: Document, origins: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield the origin of the key that ``reason`` names, such as ``draft: true``, as `hidden`.

    ``origins`` are those of the keys that are not in the file itself.
    """
    named, colon, _ = reason.partition(": ")
    for key in (named, named.partition(".")[0]):
        if colon and key in document.meta:
            where = origins.get(key) or f"line {document.key_lines.get(key, 0)}"
            yield "hidden", f"key {key}, {where}"
            return
