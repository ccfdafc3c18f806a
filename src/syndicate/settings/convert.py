"""Tables as the plain values that everybody else is handed."""

import os
import pathlib
import re
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from syndicate import __version__
from syndicate.model.category import Category, CategoryDefinition, Vocabulary
from syndicate.model.content_limits import ContentLimits
from syndicate.model.edition import NamedFeed
from syndicate.model.feed import ServiceInfo
from syndicate.model.post import Path, Source
from syndicate.model.selection import Selection
from syndicate.settings.limits_schema import LimitsTable
from syndicate.settings.schema import (
    CategoryTable,
    DatabaseTable,
    FeedTable,
    ServiceTable,
    SourceTable,
)


def build_service_info(table: ServiceTable) -> ServiceInfo:
    """Return who speaks; without a public address, where the service listens."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(table.host, table.host)  # noqa: S104 — read
    host = f"[{host}]" if ":" in host else host
    public_url = table.public_url or f"http://{host}:{table.port}"
    return ServiceInfo(
        title=table.title,
        public_url=public_url,
        hub_url=f"{public_url}/hub",
        contact=table.contact,
        version=__version__,
        max_age_seconds=table.cache_seconds,
    )


def build_vocabulary(tables: tuple[CategoryTable, ...]) -> Vocabulary:
    """Return the categories with the spellings they answer to."""
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
    """Return a source; the path of its repository begins at ``folder`` if it is relative."""
    return Source(
        name=table.name,
        title=table.title or table.name,
        repository=_resolve_repository(table.repository, config_folder),
        ref=table.ref,
        folders=tuple(Path(text) for text in table.folders),
        dialect=table.dialect,
        site_url=table.site_url,
        id_authority=table.id_authority or str(urlsplit(table.site_url).hostname),
        zone=ZoneInfo(table.timezone),
        language=table.language,
        permalink=table.permalink,
        categories=vocabulary.categories(table.categories),
        rights=table.rights,
        rights_url=table.rights_url,
        keys=tuple(table.keys.items()),
        replacements=tuple(table.replacements.items()),
        authors=tuple(table.authors.items()),
        embeds=table.embeds,
        assets=table.assets,
    )


def build_feed(table: FeedTable, *, vocabulary: Vocabulary) -> NamedFeed:
    """Return a named feed; its categories may be written as slugs, titles or aliases."""
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
    """Return the limits of a post file."""
    return ContentLimits(
        post_bytes=table.post_bytes,
        front_matter_bytes=table.front_matter_bytes,
        front_matter_levels=table.front_matter_levels,
        categories=table.categories,
    )


def resolve_database_url(table: DatabaseTable, config_folder: pathlib.Path) -> str:
    """Return the address of the database; an SQLite file begins at ``folder`` if relative."""
    scheme, _, rest = table.url.partition("://")
    if scheme == "sqlite":
        return f"sqlite:///{config_folder / rest.removeprefix('/')}"
    return f"postgresql://{rest}"


def _resolve_repository(location: str, config_folder: pathlib.Path) -> str:
    """Take as git does what has a scheme, or a colon before the first slash, for an address.

    ``~`` is the home folder, as in a shell.
    """
    if re.match(r"[^/]+:", location):
        return location
    return str(config_folder / os.path.expanduser(location))  # noqa: PTH111 — pathlib's can raise
