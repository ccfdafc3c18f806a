"""Checks of settings by `syndicate doctor` that need neither git nor a database; pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Final, Literal
from urllib.parse import urlsplit

from syndicate.model.agency import MIN_TEXT_CONTRAST
from syndicate.model.contact import email_address
from syndicate.model.edition import Edition
from syndicate.model.feed import ServiceInfo
from syndicate.model.post import Path, Source
from syndicate.settings import Settings
from syndicate.settings.loader import Value

EXPIRY_NOTICE: Final = timedelta(days=30)
"""How long before their last day credentials are named."""

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_PLACEHOLDER: Final = re.compile(
    r"(?:(?:\w+://)?(?:[^/@\s]*@)?(?:[\w-]+\.)*)example(?:\.[a-z]+)+(?:[:/?#].*)?", re.IGNORECASE
)
"""A URL, host or e-mail address with a label that RFC 2606 section 3 keeps for examples."""
_NO_HOST: Final = re.compile(r"\.(?:title|description|name|rights|aliases|repository|folders)$")
"""Settings that are no URL, host or address of this service or its sites."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of a check; ``hint`` says what to do, empty if nothing."""

    level: Literal["ok", "warning", "error"]
    what: str
    hint: str = ""


def check_settings(settings: Settings, today: date) -> Iterator[Finding]:
    """Yield placeholders, and a warning for each setting that a public service should have.

    ``today`` is compared with the last day of credentials.
    """
    for setting in settings.displayed:
        if not _NO_HOST.search(setting.name):
            yield from _placeholders(setting.name, setting.value)
    yield from _check_public_url(settings)
    yield from _check_agency(settings.service_info)
    if not settings.service.contact:
        yield Finding(
            level="warning",
            what="service.contact is empty: readers and partners cannot reach anybody",
            hint="Set an e-mail address or the URL of a page.",
        )
    if not settings.service.secret_key:
        yield Finding(
            level="warning",
            what="service.secret_key is empty: subscribers' secrets are stored unencrypted",
            hint="Set the environment variable SYNDICATE_SECRET_KEY to a long random text.",
        )
    yield from _check_editors(settings)
    yield from _check_credentials(settings.credentials_expire, today)
    for source in settings.sources:
        if source.ids != "tag":
            yield Finding(
                level="warning",
                what=f"source {source.name}: with ids = {source.ids!r} a post that moves to another"
                " URL is new to readers",
                hint="To move a post, give it its present ID as `guid`.",
            )


def _check_editors(settings: Settings) -> Iterator[Finding]:
    """Yield the sources whose editors have email addresses that no mail is sent to."""
    if settings.mail.smtp_url:
        return
    for name, contacts in settings.editors.items():
        if any(map(email_address, contacts)):
            yield Finding(
                level="warning",
                what=f"source {name}: no mail is sent to the addresses in notify",
                hint="Set [mail] smtp_url and from, or give https URLs.",
            )


def _check_credentials(expiry: Mapping[str, date], today: date) -> Iterator[Finding]:
    """Yield the sources whose credentials expired, or will soon; git hosts say so too late."""
    for name, last_day in expiry.items():
        if last_day - today < EXPIRY_NOTICE:
            is_over = last_day < today
            yield Finding(
                level="error" if is_over else "warning",
                what=f"source {name}: its credentials {'expired' if is_over else 'expire'} on "
                f"{last_day}",
                hint="Make a new token or deploy key at the git host, replace the old one, and "
                "change credentials_expire.",
            )


def _placeholders(name: str, value: Value) -> Iterator[Finding]:
    texts = value if isinstance(value, list) else [value]
    for text in texts:
        if isinstance(text, str) and _PLACEHOLDER.fullmatch(text):
            yield Finding(
                level="error",
                what=f"{name} is a placeholder: {text}",
                hint="Replace it with a value of your own, or remove the line.",
            )


def _check_public_url(settings: Settings) -> Iterator[Finding]:
    public = urlsplit(settings.service_info.public_url)
    if public.hostname in LOOPBACK:
        if settings.service.host not in LOOPBACK:
            yield Finding(
                level="warning",
                what=f"feeds use the local URL {settings.service_info.public_url}",
                hint="Set service.public_url to the URL that readers use.",
            )
    elif public.scheme != "https":
        yield Finding(
            level="warning",
            what=f"service.public_url {settings.service_info.public_url} does not use TLS",
            hint="Run a reverse proxy with a TLS certificate in front, and set its https URL.",
        )


def _check_agency(service_info: ServiceInfo) -> Iterator[Finding]:
    """Yield colors that are hard to read, and an official banner on a host that has none."""
    for low in service_info.agency.colors.low_contrasts():
        yield Finding(
            level="warning",
            what=f"agency.colors.{low.name}: {low.color} on {low.background} has a contrast of "
            f"{low.ratio:.1f}:1",
            hint=f"Choose colors with at least {MIN_TEXT_CONTRAST}:1 (WCAG 2.2, 1.4.3).",
        )
    host = urlsplit(service_info.public_url).hostname or ""
    if service_info.agency.banner is True and not host.endswith((".gov", ".mil")):
        yield Finding(
            level="warning",
            what=f"agency.banner is for .gov and .mil hosts; service.public_url has {host}",
            hint="Set service.public_url to the official host, or leave the banner out.",
        )


def check_feed_categories(settings: Settings, edition: Edition) -> Iterator[Finding]:
    """Yield the categories of named feeds that neither the settings nor any post has."""
    if edition.unavailable or len(edition.snapshots) < len(settings.sources):
        return  # the categories of a source that cannot be read are not known
    known = edition.category_slugs
    for feed in settings.feeds:
        for category in sorted({slug for group in feed.selection.categories for slug in group}):
            if category not in known:
                similar = get_close_matches(category, known)
                yield Finding(
                    level="error",
                    what=f"feed {feed.name}: no post has the category {category}",
                    hint=f"Did you mean {' or '.join(similar)}?" if similar else "",
                )


def check_renamed_sources(
    sources: Iterable[Source], recorded_posts: Mapping[str, int]
) -> Iterator[Finding]:
    """Yield the sources that were announced and are in the settings no more.

    ``recorded_posts`` has the number of live posts in the ledger by source.
    """
    names = {source.name for source in sources}
    for name, count in sorted(recorded_posts.items()):
        if name not in names:
            posts = f"{count} post{'' if count == 1 else 's'}"
            yield Finding(
                level="warning",
                what=f"source {name} is not in the settings any more: subscribers are sent the"
                f" removal of its {posts}",
                hint="Renaming a source is a removal and an addition, because IDs hold its name;"
                " to undo it, restore the name.",
            )


def similar_folders(folder: Path, paths: Sequence[str]) -> tuple[str, ...]:
    """Return the folders of the files at ``paths`` that ``folder`` may be a mistake for.

    Those with the same name elsewhere come first, then those spelled much the same.
    """
    folders = sorted({path[:at] for path in paths for at in _slashes(path)})
    name = folder.rpartition("/")[2].strip("_").lower()
    same = [each for each in folders if each.rpartition("/")[2].strip("_").lower() == name]
    close = get_close_matches(folder, folders, n=3, cutoff=0.7)
    return tuple(dict.fromkeys((*same, *close)))[:3]


def _slashes(path: str) -> Iterator[int]:
    return (at for at, character in enumerate(path) if character == "/")
