"""A source as its settings and its site's own configuration at one commit describe it.

What the settings say wins; what neither says is the engine's default.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from syndicate.dialects import DIALECTS
from syndicate.errors import UnknownSite
from syndicate.git import Repository, TreeEntry
from syndicate.model.edition import Problem
from syndicate.model.markdown_options import MarkdownEngine
from syndicate.model.post import BlobId, CommitId, Path, Source
from syndicate.sites import ENGINES, find_sites
from syndicate.sites.site import (
    NOT_CONFIGURED,
    CommitFiles,
    ConfiguredMarkdown,
    ConfiguredValue,
    PostFolder,
    Site,
    is_below,
)

SETTINGS_ORIGIN: Final = "settings"
DIALECT_ORIGIN: Final = "the dialect"
DEFAULT_ORIGIN: Final = "default"
"""The origin of a value that neither the settings nor the site give."""
_MAX_BYTES: Final = 1_048_576
"""Size of a file that is read to find out about a site; larger ones count as unreadable."""
DEFAULT_DIALECT: Final = "jekyll"
"""What a repository without any configuration is read as."""


class RepositoryFiles:
    """The files of one commit of a repository, as engines see them.

    ``read_paths`` are those whose content was asked for.
    """

    def __init__(self, repository: Repository, commit: CommitId) -> None:
        entries = repository.list_files(commit, (Path("."),))
        self._repository = repository
        self.blobs: Mapping[str, BlobId] = {entry.path: entry.blob for entry in _sorted(entries)}
        self.paths: Sequence[str] = tuple(self.blobs)
        self.read_paths: set[str] = set()

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return the content of the files at ``paths``; those that cannot be read are left out."""
        wanted = [path for path in paths if path in self.blobs]
        self.read_paths.update(wanted)
        contents = {
            blob: content
            for blob, content in self._repository.read_blobs(
                dict.fromkeys(self.blobs[path] for path in wanted), max_bytes=_MAX_BYTES
            )
            if isinstance(content, bytes)
        }
        return {path: contents[self.blobs[path]] for path in wanted if self.blobs[path] in contents}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSource:
    """A source with every setting filled in; ``site`` is None where no engine is asked.

    ``origins`` tells where each value is from that the settings left out.
    """

    source: Source
    site: Site | None = None
    origins: tuple[tuple[str, str], ...] = ()
    kept: tuple[Problem, ...] = ()
    """Why the configuration of an earlier commit stays in force, empty if none does."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with the configuration of the site."""
        return self.kept + tuple(
            Problem(
                level="warning",
                rule=problem.rule,
                source=self.source.name,
                path=Path(problem.path),
                line=problem.line,
                message=problem.what,
                hint=problem.hint,
            )
            for problem in (self.site.problems if self.site else ())
            if not (problem.rule == "site-url" and "site_url" not in self.source.derived)
            and not (problem.rule == "site-timezone" and "timezone" not in self.source.derived)
        )


def asks_site(source: Source) -> bool:
    """Return whether the site's own configuration decides anything about ``source``."""
    decided_by_dialect = {"markdown", "permalink"}
    return bool(set(source.derived) - decided_by_dialect) or source.dialect in ENGINES


def resolve(source: Source, files: CommitFiles) -> SiteSource:
    """Return ``source`` with what the site's own configuration in ``files`` says.

    Raises `UnknownSite` where nothing says where the site is.
    """
    return complete(source, find_site(source, files))


def complete(source: Source, site: Site) -> SiteSource:
    """Return ``source`` with what ``site`` says; raises `UnknownSite` as `resolve` does."""
    site = replace(
        site,
        base_url=_chosen(source, "site_url", source.site_url, site.base_url),
        timezone=_chosen(source, "timezone", source.zone.key, site.timezone),
        language=_chosen(source, "language", source.language, site.language),
    )
    if not site.base_url:
        raise no_site_url(source, site)
    if not source.id_authority:
        raise _no_id_authority(source)
    if "folders" not in source.derived:
        site = _with_named_folders(source, site)
    resolved = replace(
        source,
        folders=_folders(source, site),
        dialect=source.dialect or site.engine,
        site_url=site.base_url.value,
        zone=ZoneInfo(site.timezone.value or source.zone.key),
        language=site.language.value or source.language,
        markdown=_markdown(source, site),
        author_urls=tuple((handle, each.url) for handle, each in site.authors.items() if each.url),
        authors=tuple(
            (
                {handle: each.name for handle, each in site.authors.items()} | dict(source.authors)
            ).items()
        ),
    )
    asks_engine = source.dialect in ENGINES or not source.dialect
    return SiteSource(
        source=resolved,
        site=site if asks_engine else None,
        origins=tuple(_origins(source, resolved, site)),
    )


def what_decides_feeds(described: SiteSource) -> tuple[Source, Site | None]:
    """Return ``described`` without what decides no more than the content of posts.

    Patterns of URLs count, since of posts with one URL only one is served. What all URLs begin with
    does not.
    """
    source = replace(
        described.source, title="", site_url="", markdown=None, authors=(), author_urls=()
    )
    site = described.site
    return source, site and replace(
        site,
        base_url=NOT_CONFIGURED,
        title=NOT_CONFIGURED,
        authors={},
        values={},
        markdown=ConfiguredMarkdown(),
        summary_mark="",
        files=(),
        left_out=(),
        problems=(),
        folders=tuple(
            replace(each, permalink=_value_of(each.permalink), origin="", base_url="")
            for each in site.folders
        ),
    )


def _value_of(configured: ConfiguredValue) -> ConfiguredValue:
    return ConfiguredValue(value=configured.value, origin="")


def _with_named_folders(source: Source, site: Site) -> Site:
    """Return ``site`` with the folders of posts that the settings name, and those inside them."""
    engine = ENGINES[site.engine]
    if site.engine == "eleventy" and not site.files:
        site = replace(site, content_root=source.folders[0].rpartition("/")[0])
    named = tuple(engine.folder("" if folder == "." else folder, site) for folder in source.folders)
    inner = [each for each in site.folders if _is_inside(each, source.folders)]
    paths = {each.path for each in inner}
    return replace(site, folders=(*inner, *(each for each in named if each.path not in paths)))


def own_pattern(source: Source, path: Path) -> tuple[str, str]:
    """Return the setting with the URL pattern of the page at ``path``, and the pattern.

    The setting is ``permalink``, or ``permalinks`` with a folder; the pattern is empty if none is
    set.
    """
    around = [(folder, pattern) for folder, pattern in source.permalinks if is_below(path, folder)]
    folder, pattern = max(around, key=lambda pair: len(pair[0]), default=("", source.permalink))
    return (f"permalinks.{folder}" if folder else "permalink"), pattern


def find_site(source: Source, files: CommitFiles) -> Site:
    """Return the site that holds the folders of ``source``; the first one where none is named.

    Without any, that is a site of the default engine without configuration.
    """
    if source.dialect in ENGINES:
        engine = ENGINES[source.dialect]
        found = [engine.read(files, root) for root in engine.roots(files) or ("",)]
    else:
        found = list(find_sites(files))
    if "folders" in source.derived:
        found = [site for site in found if site.folders]
    else:
        found.sort(key=lambda site: -len(site.root))
        found = [site for site in found if _holds(site, source)] or found
    return found[0] if found else ENGINES[DEFAULT_DIALECT].read(files, "")


def _holds(site: Site, source: Source) -> bool:
    return all(is_below(f"{folder}/", site.root) for folder in source.folders)


def _is_inside(folder: PostFolder, folders: Iterable[Path]) -> bool:
    return any(each in (".", folder.path) or is_below(folder.path, each) for each in folders)


def _chosen(source: Source, name: str, own: str, configured: ConfiguredValue) -> ConfiguredValue:
    if name in source.derived or (name == "site_url" and not own):
        return configured
    return ConfiguredValue(value=own, origin=SETTINGS_ORIGIN)


def _markdown(source: Source, site: Site) -> MarkdownEngine | None:
    """Return what reads the Markdown of ``source``, None where only its dialect says so.

    Where the settings say a flavour, the options of the site count if they are for that flavour.
    """
    own, configured = source.markdown, site.markdown.engine
    if own is not None:
        return configured if own.flavour == configured.flavour else own
    return configured if site.files or source.dialect in ("", site.engine) else None


def _folders(source: Source, site: Site) -> tuple[Path, ...]:
    """Return the folders of posts without those that are inside another one."""
    if "folders" not in source.derived:
        return source.folders
    paths = [folder.path for folder in site.folders]
    outer = [p for p in paths if not any(p != q and is_below(p, q) for q in paths)]
    return tuple(Path(path) for path in dict.fromkeys(outer))


def _origins(source: Source, resolved: Source, site: Site) -> Iterable[tuple[str, str]]:
    """Yield each setting that the operator left out with the origin of its value."""
    defaults = {
        "dialect": f"recognized by {site.files[0]}" if site.files else DEFAULT_ORIGIN,
        "site_url": site.base_url.origin,
        "timezone": site.timezone.origin or DEFAULT_ORIGIN,
        "language": site.language.origin or DEFAULT_ORIGIN,
        "markdown": site.markdown.origin if resolved.markdown else DIALECT_ORIGIN,
        "folders": "; ".join(f"{each.path or '.'}: {each.origin}" for each in site.folders),
        "id_authority": "oldest commit whose configuration names a host",
        "permalink": "; ".join(
            f"{each.path or '.'}: {each.permalink.origin}" for each in site.folders
        ),
    }
    for name in sorted(resolved.derived):
        yield name, defaults[name] or DEFAULT_ORIGIN
    if source.authors != resolved.authors:
        yield "authors", "data files of the site"


def no_site_url(source: Source, site: Site) -> UnknownSite:
    """Return the error for a ``site`` whose configuration has no usable base URL."""
    wrong = next((each.what for each in site.problems if each.rule == "site-url"), "")
    return UnknownSite(
        f"source {source.name}: nothing says where its site is" + (f": {wrong}" if wrong else ""),
        hint="Set site_url of the source in the settings.",
        code="no-site-url",
    )


def _no_id_authority(source: Source) -> UnknownSite:
    return UnknownSite(
        f"source {source.name}: neither id_authority nor site_url is set, and no configuration"
        " in the history names a host",
        hint="Set id_authority of the source to the host of its site.",
        code="no-id-authority",
    )


def _sorted(entries: Iterable[TreeEntry]) -> list[TreeEntry]:
    return sorted(entries, key=lambda entry: entry.path)


_HTML_ENDINGS: Final = (".html", ".htm")
_CACHED_ENGINES: Final = 100


def engine_of(source: Source) -> MarkdownEngine:
    """Return what reads the texts of ``source``; line breaks of the dialect count in any case."""
    return _engine(source.dialect, source.markdown)


@lru_cache(_CACHED_ENGINES)
def _engine(dialect: str, chosen: MarkdownEngine | None) -> MarkdownEngine:
    """Return the engine of all posts of a source, which each of them asks for."""
    default = DIALECTS[dialect].markdown
    engine = chosen or default
    hard_breaks = engine.options.hard_breaks or default.options.hard_breaks
    return replace(engine, options=replace(engine.options, hard_breaks=hard_breaks))


def engine_of_field(source: Source) -> MarkdownEngine:
    """Return what reads a text of front matter, which no engine gives typography or ids."""
    engine = engine_of(source)
    options = replace(engine.options, typographer=False, heading_ids=False)
    return replace(engine, options=options)


def engine_of_body(source: Source, path: Path) -> MarkdownEngine:
    """Return what reads the body of the file at ``path``, which may be HTML."""
    engine = engine_of(source)
    is_html = path.lower().endswith(_HTML_ENDINGS)
    return replace(engine, flavour="html") if is_html else engine


def markdown_origin(described: SiteSource) -> str:
    """Return what says how the Markdown of a source is read: settings, site or dialect."""
    if "markdown" not in described.source.derived:
        return SETTINGS_ORIGIN
    return dict(described.origins).get("markdown", DIALECT_ORIGIN)
