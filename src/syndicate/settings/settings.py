"""The settings as values of the model, and `load`, which reads, checks and converts them."""

import hashlib
import json
import os
import pathlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from syndicate import __version__
from syndicate.errors import SettingsError
from syndicate.model.agency import Agency, AgencyLink, Colors
from syndicate.model.category import Category, CategoryDefinition, Vocabulary
from syndicate.model.content_reader import ContentLimits
from syndicate.model.edition import NamedFeed
from syndicate.model.feed import ServiceInfo
from syndicate.model.markdown_options import FLAVOUR_DEFAULTS
from syndicate.model.post import Path, Source
from syndicate.model.retention import Retention
from syndicate.model.selection import Selection
from syndicate.render.pages.html_pages import template_errors
from syndicate.settings.delivery_schema import DeliveryTable, MailTable, WebSubTable
from syndicate.settings.display import DEFAULT_ORIGIN, DisplayedSetting, displayed_settings
from syndicate.settings.limits_schema import LimitsTable, RetentionTable
from syndicate.settings.loader import RawSettings, Value, find_file, read_settings
from syndicate.settings.pages_schema import AgencyTable
from syndicate.settings.schema import (
    CategoryTable,
    DatabaseTable,
    FeedTable,
    ServiceTable,
    SourceTable,
    Tables,
)
from syndicate.settings.validation_errors import cross_field_errors, type_errors

_REMOTE: Final = re.compile(r"[^/]+:")
"""A repository with a scheme (``https://…``) or git's ``user@host:path``."""


_DERIVABLE: Final = (
    "dialect",
    "folders",
    "language",
    "markdown",
    "permalink",
    "site_url",
    "timezone",
)
"""Settings of a source that its site's own configuration decides where they are not set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the operator; relative paths start at the folder of the settings file."""

    file: pathlib.Path
    service_info: ServiceInfo
    vocabulary: Vocabulary
    sources: tuple[Source, ...]
    feeds: tuple[NamedFeed, ...]
    redirects: Mapping[str, str]
    """New path or URL by previous path; empty for a withdrawn path."""
    poll_seconds: Mapping[str, float]
    """Polling interval by name of source."""
    previews: Mapping[str, tuple[str, ...]]
    """Full refs for previews, with ``*`` for any characters, by name of source."""
    editors: Mapping[str, tuple[str, ...]] = field(repr=False)
    """Contacts that are notified of broken posts, by name of source."""
    hook_secrets: Mapping[str, str] = field(repr=False)
    """Secret of push hooks by name of source, for sources that have one."""
    credentials_expire: Mapping[str, date]
    """Last day of the credentials of a remote, by name of source, where the operator set it."""
    data_folder: pathlib.Path
    database_url: str = field(repr=False)
    service: ServiceTable
    delivery: DeliveryTable
    websub: WebSubTable
    limits: LimitsTable
    pages_open: bool
    """Whether everybody may see the pages for editors, for what is served at present."""
    retention: Retention
    mail: MailTable = field(repr=False)
    content_limits: ContentLimits
    asset_bytes: int
    docs_folder: str
    """Folder of the built documentation, empty if none is served."""
    displayed: tuple[DisplayedSetting, ...]
    """All settings with their origin, for `syndicate config show`."""

    @property
    def digest(self) -> str:
        """The SHA-256 of all settings as displayed, so without secrets, in hexadecimal."""
        values = {setting.name: setting.value for setting in self.displayed}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def origin_of(self, source: Source, key: str) -> str:
        """Return where ``key`` of ``source`` is set: ``sources[0].ids in syndicate.toml``."""
        names = [each.name for each in self.sources]
        return f"sources[{names.index(source.name)}].{key} in {self.file.name}"

    def own_settings(self, source: Source) -> Iterator[DisplayedSetting]:
        """Yield what the operator set of ``source``, with origins as those of `origin_of`."""
        prefix = self.origin_of(source, "").partition(" ")[0]
        for setting in self.displayed:
            key = setting.name.removeprefix(prefix)
            if key != setting.name and setting.origin != DEFAULT_ORIGIN:
                yield DisplayedSetting(
                    name=key, value=setting.value, origin=self.origin_of(source, key)
                )

    @classmethod
    def from_tables(cls, tables: Tables, raw: RawSettings) -> Self:
        """Convert the validated ``tables``, which were read from ``raw``."""
        folder = raw.file.parent.absolute()
        vocabulary = build_vocabulary(tables.categories)
        return cls(
            file=raw.file,
            service_info=build_service_info(
                tables.service,
                tables.agency,
                templates=_pages_folder(tables.pages.templates, folder),
                has_docs=bool(tables.pages.docs),
            ),
            vocabulary=vocabulary,
            sources=tuple(
                build_source(table, vocabulary=vocabulary, config_folder=folder)
                for table in tables.sources
            ),
            feeds=tuple(build_feed(table, vocabulary=vocabulary) for table in tables.feeds),
            redirects={table.previous: table.to for table in tables.redirects},
            poll_seconds={table.name: table.poll_seconds for table in tables.sources},
            previews={table.name: table.preview for table in tables.sources},
            editors={table.name: table.notify for table in tables.sources},
            hook_secrets={t.name: t.hook_secret for t in tables.sources if t.hook_secret},
            credentials_expire={
                t.name: t.credentials_expire for t in tables.sources if t.credentials_expire
            },
            data_folder=folder / tables.service.data,
            database_url=resolve_database_url(tables.database, folder),
            service=tables.service,
            delivery=tables.delivery,
            websub=tables.websub,
            limits=tables.limits,
            pages_open=tables.pages.open,
            retention=build_retention(tables.retention),
            mail=tables.mail,
            content_limits=build_content_limits(tables.limits),
            asset_bytes=tables.limits.asset_bytes,
            docs_folder=_pages_folder(tables.pages.docs, folder),
            displayed=displayed_settings(tables.model_dump(mode="json", by_alias=True), raw),
        )


def load(file: pathlib.Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the settings from ``file`` and from the environment variables ``environ``.

    The default file is that of ``SYNDICATE_CONFIG``, else `syndicate.toml` in the working
    directory. Raises `SettingsError` with all errors, each with the name of its setting.
    """
    raw = read_settings(find_file(file, environ), environ)
    errors = [*raw.errors]
    tables: Tables | None = None
    try:
        tables = Tables.model_validate(raw.interpolated)
    except ValidationError as error:
        reported = {name for name, _ in errors}
        errors += [
            (name, message)
            for name, message in type_errors(error, raw.values)
            if name not in reported
        ]
    errors += cross_field_errors(raw.interpolated)
    if tables and tables.pages.templates:
        folder = _pages_folder(tables.pages.templates, raw.file.parent.absolute())
        errors += [("pages.templates", message) for message in template_errors(folder)]
    if tables and tables.pages.docs:
        docs = pathlib.Path(_pages_folder(tables.pages.docs, raw.file.parent.absolute()))
        if not (docs / "index.html").is_file():
            errors.append(("pages.docs", f"{docs} has no index.html; build it with: make docs"))
    if tables and not errors:
        return Settings.from_tables(tables, raw)
    raise SettingsError(
        f"{raw.file} has {len(errors)} error{'s' if len(errors) > 1 else ''}",
        hint="`syndicate config schema` prints the allowed keys and values.",
        errors=tuple(f"{_with_variables(name, raw)}: {message}" for name, message in errors),
    )


def json_schema() -> Mapping[str, Value]:
    """Return the JSON Schema (draft 2020-12) of `syndicate.toml`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Tables.model_json_schema(by_alias=True),
    }


def _with_variables(name: str, raw: RawSettings) -> str:
    """Return ``name`` with the environment variables that set it, in parentheses."""
    variables = [
        variable
        for setting, variable in raw.variables.items()
        if setting == name or setting.startswith(f"{name}.")
    ]
    return f"{name} ({', '.join(variables)})" if variables else name


def _pages_folder(folder: str, config_folder: pathlib.Path) -> str:
    """Return a folder of `[pages]` as an absolute path, empty if it is not set."""
    return str(config_folder / folder) if folder else ""


def build_service_info(
    table: ServiceTable, agency: AgencyTable, *, templates: str = "", has_docs: bool = False
) -> ServiceInfo:
    """Return title, URLs, contact and agency; the default URL is where the service listens.

    ``templates`` is the folder with templates of the operator.
    """
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(table.host, table.host)  # noqa: S104 — read
    host = f"[{host}]" if ":" in host else host
    public_url = table.public_url or f"http://{host}:{table.port}"
    return ServiceInfo(
        title=table.title,
        public_url=public_url,
        hub_url=f"{public_url}/hub",
        contact=table.contact,
        icon_url=agency.icon,
        logo_url=agency.logo,
        version=__version__,
        max_age_seconds=table.cache_seconds,
        has_public_url=bool(table.public_url),
        agency=build_agency(agency),
        templates_folder=templates,
        has_docs=has_docs,
    )


def build_agency(table: AgencyTable) -> Agency:
    """Return the agency without its images."""
    return Agency(
        name=table.name,
        url=table.url,
        banner=table.banner,
        links=tuple(AgencyLink(title=link.title, url=link.url) for link in table.links),
        privacy_url=table.privacy_url,
        colors=Colors(**table.colors.model_dump()),
    )


def build_vocabulary(tables: tuple[CategoryTable, ...]) -> Vocabulary:
    """Return the categories with their aliases."""
    return Vocabulary(
        definitions=tuple(
            CategoryDefinition(
                category=Category(slug=table.slug, title=table.title), aliases=table.aliases
            )
            for table in tables
        )
    )


def build_source(
    table: SourceTable, *, vocabulary: Vocabulary, config_folder: pathlib.Path
) -> Source:
    """Return a source; a relative path of its repository starts at ``config_folder``."""
    return Source(
        name=table.name,
        title=table.title or table.name,
        repository=_resolve_repository(table.repository, config_folder),
        ref=table.ref,
        folders=tuple(Path(text) for text in table.folders),
        dialect=table.dialect,
        site_url=table.site_url,
        id_authority=table.id_authority or urlsplit(table.site_url).hostname or "",
        zone=ZoneInfo(table.timezone),
        language=table.language,
        permalink=table.permalink,
        categories=vocabulary.categories(table.categories),
        rights=table.rights,
        rights_url=table.rights_url,
        icon_url=table.icon,
        logo_url=table.logo,
        keys=tuple(table.keys.items()),
        replacements=tuple(table.replacements.items()),
        authors=tuple(table.authors.items()),
        embeds=table.embeds,
        assets=table.assets,
        permalinks=tuple(
            (Path(folder.strip("/")), url) for folder, url in table.permalinks.items()
        ),
        ids=table.ids,
        signers=str(config_folder / table.signers) if table.require_signed else "",
        markdown=FLAVOUR_DEFAULTS[table.markdown] if table.markdown else None,
        derived=tuple(
            name
            for name in _DERIVABLE
            if name not in table.model_fields_set or (name == "markdown" and not table.markdown)
        ),
    )


def build_feed(table: FeedTable, *, vocabulary: Vocabulary) -> NamedFeed:
    """Return a named feed; the table has its categories as slugs, titles or aliases."""
    return NamedFeed(
        name=table.name,
        title=table.title or table.name,
        description=table.description,
        selection=Selection.create(
            categories=(category.slug for category in vocabulary.categories(table.categories)),
            match_all=table.match == "all",
            carousel=table.carousel,
            sources=table.sources,
            languages=table.languages,
        ),
    )


def build_content_limits(table: LimitsTable) -> ContentLimits:
    """Return the limits for post files."""
    return ContentLimits(
        post_bytes=table.post_bytes,
        front_matter_bytes=table.front_matter_bytes,
        front_matter_levels=table.front_matter_levels,
        categories=table.categories,
    )


def build_retention(table: RetentionTable) -> Retention:
    """Return how long what is kept in the database."""
    return Retention.from_days(
        deliveries=table.deliveries_days,
        responses=table.attempts_days,
        audit=table.audit_days,
        client_addresses=table.client_addresses_days,
    )


def resolve_database_url(table: DatabaseTable, config_folder: pathlib.Path) -> str:
    """Return the database URL; a relative path of an SQLite file starts at ``config_folder``."""
    scheme, _, rest = table.url.partition("://")
    if scheme == "sqlite":
        return f"sqlite:///{config_folder / rest.removeprefix('/')}"
    return f"postgresql://{rest}"


def _resolve_repository(location: str, config_folder: pathlib.Path) -> str:
    """Return a remote URL unchanged, and a local path relative to ``config_folder`` as absolute.

    ``~`` is the home folder, as in a shell.
    """
    if _REMOTE.match(location):
        return location
    return str(config_folder / os.path.expanduser(location))  # noqa: PTH111 — pathlib's can raise
