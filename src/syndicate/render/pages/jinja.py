"""The Jinja environment of the pages: filters, and the operator's own templates."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from difflib import get_close_matches
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateSyntaxError,
    meta,
)
from jinja2.ext import InternationalizationExtension

from syndicate import telemetry
from syndicate.model.feed import ServiceInfo
from syndicate.model.post import in_zone
from syndicate.model.url_patterns import MONTHS
from syndicate.render.pages.page_fragment import for_own_page
from syndicate.render.pages.translations import DEFAULT_LANGUAGE, translate, translate_number

BUILT_IN_PREFIX: Final = "syndicate"
"""``syndicate/layout.html`` is the template of the service where a folder has its own."""

_LAYOUT: Final = "layout.html"
_TEMPLATE_SUFFIXES: Final = (".html", ".css")

_ISO_TIME: Final = re.compile(
    r"(?<![\w/-])\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:\d\d(?::\d\d)?|Z))?(?![\w-])"
)
"""A date, or a time with its offset (RFC 3339), that is no part of a file name."""

_SURROGATES: Final = re.compile("[\ud800-\udfff]")

_log = telemetry.logger("pages")


def render_template(template: str, folder: str, language: str, **values: object) -> str:
    """Render the file ``template`` with ``values``, from ``folder`` if it has one.

    Its own words are in ``language``, one of `translations.LANGUAGES`.

    A template of ``folder`` that fails is logged, and the built-in one is rendered instead.
    """
    if folder:
        try:
            own = _environment(folder, language).get_template(template)
            return _without_surrogates(own.render(**values))
        except Exception as error:  # noqa: BLE001 — templates may raise anything
            _log.error("template failed", template=template, folder=folder, error=str(error))
    return _without_surrogates(_environment("", language).get_template(template).render(**values))


def _without_surrogates(page: str) -> str:
    """Return ``page`` with U+FFFD for bytes of file names that are not UTF-8."""
    try:
        page.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", page)
    return page


@cache
def _environment(folder: str, language: str = DEFAULT_LANGUAGE) -> Environment:
    built_in = PackageLoader("syndicate.render", "pages")
    own = [FileSystemLoader(folder)] if folder else []
    environment = Environment(
        loader=ChoiceLoader([*own, built_in, PrefixLoader({BUILT_IN_PREFIX: built_in})]),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[InternationalizationExtension],
    )
    # The extension adds this method to the environment, where type checkers do not see it.
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        partial(translate, language=language),
        partial(translate_number, language=language),
        newstyle=True,
    )
    environment.globals["page_language"] = language
    environment.filters |= {
        "relative_url": _relative_url,
        "urlencode": _urlencode,
        "link_url": _link_url,
        "host": _host,
        "top_level_domain": _top_level_domain,
        "format_date": partial(_format_date, language=language),
        "format_time": _format_time,
        "split_times": _split_times,
        "contact_url": _contact_url,
        "for_own_page": for_own_page,
        "break_points": _break_points,
        "count": partial(_count_noun, language=language),
    }
    return environment


def template_errors(folder: str) -> Iterator[str]:
    """Yield what is wrong with the templates in ``folder``, each with file and line.

    Checked are syntax, filters, names of variables and of other templates, and names of files.
    """
    if not Path(folder).is_dir():
        yield f"{folder} is not a folder"
        return
    own = FileSystemLoader(folder).list_templates()
    names = [name for name in own if name.endswith(_TEMPLATE_SUFFIXES)]
    referenced: set[str] = set()
    for name in names:
        try:
            source = (Path(folder) / name).read_text("utf-8")
            yield from _source_errors(name, source, folder, referenced)
        except (OSError, UnicodeDecodeError) as error:
            yield f"{name} cannot be read: {error}"
    known = sorted(_built_in_names())
    for name in names:
        if name not in known and name not in referenced:
            similar = get_close_matches(name, known, n=1)
            hint = f"did you mean {similar[0]}?" if similar else f"valid: {', '.join(known)}"
            yield f"{name}: no page uses a template of this name; {hint}"


def _source_errors(name: str, source: str, folder: str, referenced: set[str]) -> Iterator[str]:
    """Yield the errors of one template, and add the templates that it names to ``referenced``."""
    if name.endswith(".css"):
        if "</style" in source.lower():
            yield f"{name}: a style sheet cannot contain </style"
        return
    environment = _environment(folder)
    try:
        environment.compile(source, name)
    except TemplateSyntaxError as error:
        yield f"{name} line {error.lineno}: {error.message}"
        return
    tree = environment.parse(source, name)
    named = {other for other in meta.find_referenced_templates(tree) if other}
    referenced |= named
    for missing in sorted(named - {*environment.list_templates()}):
        yield f"{name}: there is no template {missing}"
    for unknown in sorted(meta.find_undeclared_variables(tree) - _variables(name)):
        yield f"{name}: there is no variable {unknown}"


def _built_in_names() -> frozenset[str]:
    return frozenset(
        name
        for name in _environment("").list_templates()
        if name.endswith(_TEMPLATE_SUFFIXES) and "/" not in name
    )


def _variables(name: str) -> frozenset[str]:
    """Return the variables of the template ``name``: those of any page if it is not built in."""
    built_in = {other for other in _built_in_names() if other.endswith(".html")}
    names = {name, _LAYOUT} if name in built_in - {_LAYOUT} else built_in
    return frozenset[str]().union(*map(_built_in_variables, names))


@cache
def _built_in_variables(name: str) -> frozenset[str]:
    environment = _environment("")
    source = (files("syndicate.render") / "pages" / name).read_text("utf-8")
    return frozenset(meta.find_undeclared_variables(environment.parse(source)))


def _relative_url(url: str) -> str:
    """Return a URL of the service without scheme and host, so that pages work on any host name."""
    return urlsplit(url)._replace(scheme="", netloc="").geturl() or "/"


def _urlencode(text: str) -> str:
    """Return ``text`` for a query, with the bytes that names of files have."""
    return quote(text, errors="surrogateescape")


def _link_url(url: str, service_info: ServiceInfo) -> str:
    """Return the URL of a link of the settings, which may be a path of this service."""
    return _relative_url(service_info.url(url)) if url.startswith("/") else url


def _top_level_domain(host: str) -> str:
    return host.partition(":")[0].rpartition(".")[2]


def _break_points(url: str) -> list[str]:
    """Return a URL in parts, between which a line may break."""
    return re.split(r"(?<=[/?&])(?=[^/])", url)


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _format_date(day: date, language: str = DEFAULT_LANGUAGE) -> str:
    """Return a date as in the US in ``language``, regardless of the locale of the process."""
    values = {
        "month": translate(MONTHS[day.month - 1], language),
        "day": day.day,
        "year": day.year,
    }
    return translate("%(month)s %(day)s, %(year)s", language) % values


def _format_time(time: datetime, *, has_seconds: bool = False) -> str:
    """Return a date and time in US format with the name of the time zone, or its UTC offset."""
    zone = time.tzname() or ""
    zone = zone if zone[:1].isalpha() else f"UTC{zone}"
    hour = (time.hour + 11) % 12 + 1
    half = "a.m." if time.hour < 12 else "p.m."  # noqa: PLR2004 — hours of half a day
    minutes = f"{time:%M:%S}" if has_seconds else f"{time:%M}"
    return f"{_format_date(time)}, {hour}:{minutes} {half} {zone}"


def _split_times(text: str, zone: ZoneInfo) -> Iterator[tuple[str, date | None]]:
    """Yield ``text`` in parts: words with None, and dates and times in place of their ISO form.

    A time is in ``zone`` if it has the offset that is in force there. What only looks like a date
    stays as it is, such as 2024-02-30.
    """
    end = 0
    for match in _ISO_TIME.finditer(text):
        try:
            time = datetime.fromisoformat(match[0])
            is_day = len(match[0]) == len("2024-01-29")
            day_or_time = time.date() if is_day else in_zone(time, zone)
        except (ValueError, OverflowError):
            continue
        yield text[end : match.start()], None
        yield "", day_or_time
        end = match.end()
    yield text[end:], None


def _contact_url(contact: str) -> str:
    """Return the URL of ``contact``, which is an email address or a URL."""
    return contact if ":" in contact else f"mailto:{contact}"


def _count_noun(number: int, noun: str, language: str) -> str:
    return f"{number:,} {translate_number(noun, f'{noun}s', number, language)}"
