"""Dates of front matter and file names: parsing, publication, expiry, and what hides a post.

Ambiguous forms are not parsed: "06/02/2020" is June in one country and February in another.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from syndicate.dialects.fields import FieldReader, as_bool
from syndicate.model.post import DatePrecision

_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_MONTH: Final = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY: Final = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_DAY: Final = r"(?P<day>\d{1,2})"
_YEAR: Final = r"(?P<year>\d{4})"
_DATE_PATTERNS: Final = tuple(
    re.compile(_WEEKDAY + pattern + r"(?!\d)", re.IGNORECASE)
    for pattern in (
        rf"{_YEAR}-(?P<month>\d{{1,2}})-{_DAY}",
        rf"{_YEAR}/(?P<month>\d{{1,2}})/{_DAY}",
        rf"{_MONTH}\s+{_DAY}(?:st|nd|rd|th)?,?\s+{_YEAR}",
        rf"{_DAY}(?:st|nd|rd|th)?\s+{_MONTH},?\s+{_YEAR}",
    )
)
_TIME: Final = re.compile(
    r"(?:t|,?\s+(?:at\s+)?)(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?(?:\s*(?P<half>[ap])\.?m\.?)?"
    r"(?:\s*(?P<zone>z|[+-]\d{1,2}:?\d{2}|[+-]\d{1,2}|[a-z]{2,4}))?",
    re.IGNORECASE,
)
_REMARK: Final = re.compile(r"\s*(?:\([^()]*\))?\s*")
_ZONE_OFFSETS: Final = {
    **dict.fromkeys(("Z", "UT", "UTC", "GMT"), 0),
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "AKST": -9, "AKDT": -8, "HST": -10,
}  # fmt: skip
"""Hours east of UTC, by the zone names of RFC 822 section 5.1 and of Alaska and Hawaii."""
_ZONE_REGIONS: Final = {
    "ET": "America/New_York",
    "CT": "America/Chicago",
    "MT": "America/Denver",
    "PT": "America/Los_Angeles",
}
_DAY_PREFIX: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})-(?=.)")
_UNPADDED_DAY_PREFIX: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})-(?=.)")
_YAML_TIME: Final = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|[ \t]+)\d{1,2}:\d\d:\d\d(?:\.\d*)?", re.ASCII
)
"""A time without zone that YAML 1.1 itself reads (https://yaml.org/type/timestamp.html)."""
_UTC_ZONE: Final = ZoneInfo("UTC")
_MONTH_FIRST: Final = re.compile(rf"(?P<month>\d{{1,2}})[-/]{_DAY}[-/]{_YEAR}(?!\d)")
_NOON: Final = 12
_CACHED_DAYS: Final = 1_000
_MAX_CHARACTERS: Final = 80
"""Maximum length of a date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRules:
    """How the engine of a site reads dates.

    ``read_in_utc``: what without zone it reads as UTC to make URLs of, YAML's own timestamps or
    all. ``month_first``: 5/12/2025 is in May, as JavaScript has it; else it is no date.
    """

    read_in_utc: Literal["nothing", "timestamps", "all"] = "nothing"
    month_first: bool = False


PLAIN_DATES: Final = DateRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedInstant:
    """A time with the UTC offset of its source's zone, and the precision it was written with."""

    instant: datetime
    precision: DatePrecision
    as_written: datetime | None = None
    """The instant in the offset it was written with, None where that is the source's.

    Where the engine of the site reads a time without zone as UTC, the time that it makes URLs of.
    """


def parse_date(
    value: object, zone: ZoneInfo, rules: DateRules = PLAIN_DATES
) -> DatedInstant | None:
    """Return the time that ``value`` of front matter denotes, None if it is not a date.

    A date without time is the start of that day; a time without zone is in ``zone``. A local
    time that a clock change skips is shifted by the change; of a repeated one, the first counts.
    """
    try:
        if isinstance(value, datetime):
            written = value if value.tzinfo else None
            instant = _in_zone(value, zone)
            return DatedInstant(instant=instant, precision="second", as_written=written)
        if isinstance(value, date):
            return _start_of(value, zone)
        return _parse_text(value.strip(), zone, rules) if isinstance(value, str) else None
    except (ValueError, OverflowError):  # an invalid day or time, or a year out of range
        return None


def split_day_prefix(name: str, *, unpadded: bool = False) -> tuple[date | None, str]:
    """Split ``2024-01-29-name`` into date and name; the date is None without a valid prefix.

    With ``unpadded``, ``2024-1-9-name`` has one as well.
    """
    match = (_UNPADDED_DAY_PREFIX if unpadded else _DAY_PREFIX).match(name)
    if match is None:
        return None, name
    try:
        return date(*map(int, match.groups())), name[match.end() :]
    except ValueError:
        return None, name


def _parse_text(text: str, zone: ZoneInfo, rules: DateRules) -> DatedInstant | None:
    if len(text) > _MAX_CHARACTERS:
        return None
    patterns = (*_DATE_PATTERNS, _MONTH_FIRST) if rules.month_first else _DATE_PATTERNS
    found = next((match for each in patterns if (match := each.match(text))), None)
    if found is None:
        return None
    number = found["month"]
    month = int(number) if number.isdigit() else 1 + _MONTHS.index(number[:3].lower())
    day = datetime(int(found["year"]), month, int(found["day"]))  # noqa: DTZ001 — zone follows
    clock = _TIME.match(text, found.end())
    end = found.end() if clock is None else clock.end()
    if _REMARK.fullmatch(text, end) is None:
        return None
    if clock is None:
        return DatedInstant(instant=_in_zone(day, zone), precision="day")
    at = (day + _time_of_day(clock)).replace(tzinfo=_parse_zone(clock["zone"]))
    written = at if at.tzinfo else None
    return DatedInstant(instant=_in_zone(at, zone), precision="second", as_written=written)


@lru_cache(_CACHED_DAYS)
def _start_of(day: date, zone: ZoneInfo) -> DatedInstant:
    """Return the start of ``day``; the file name says it again in each version of a file."""
    return DatedInstant(instant=_in_zone(datetime.combine(day, time()), zone), precision="day")


def _time_of_day(clock: re.Match[str]) -> timedelta:
    hour, half = int(clock["hour"]), clock["half"]
    if half is not None:
        if not 1 <= hour <= _NOON:
            raise ValueError(hour)
        hour = hour % _NOON + (_NOON if half in "pP" else 0)
    fraction = (clock["fraction"] or "").ljust(6, "0")[:6]
    clock_face = time(hour, int(clock["minute"]), int(clock["second"] or 0), int(fraction))
    return datetime.combine(date.min, clock_face) - datetime.combine(date.min, time())


def _parse_zone(text: str | None) -> tzinfo | None:
    """Return the zone with the name or offset ``text``, if any; raise `ValueError` if unknown."""
    if text is None:
        return None
    name = text.upper()
    if name in _ZONE_REGIONS:
        return ZoneInfo(_ZONE_REGIONS[name])
    if name in _ZONE_OFFSETS:
        return timezone(timedelta(hours=_ZONE_OFFSETS[name]))
    if name.isalpha():
        raise ValueError(text)
    digits = name[1:].replace(":", "")
    hours, minutes = (digits, "0") if len(digits) <= len("05") else (digits[:-2], digits[-2:])
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if name[0] == "-" else offset)


def _in_zone(time: datetime, zone: ZoneInfo) -> datetime:
    """Return ``time`` with the UTC offset of ``zone``, in whole minutes (RFC 3339).

    Offsets before standard time have seconds; they are rounded up, so that no day starts early.
    """
    aware = time if time.tzinfo is not None else time.replace(tzinfo=zone)
    local = aware.astimezone(UTC).astimezone(zone)
    offset = local.utcoffset() or timedelta()
    return local.astimezone(timezone(timedelta(minutes=-(-offset // timedelta(minutes=1)))))


_HIDING_VALUES: Final = (("draft", True), ("public", False), ("permalink", False))
"""Fields that can hide a post, each with the value that does."""

_DATE_HINT: Final = "Write the date as 2024-01-29, or as 2024-01-29 09:30:00 -0500."


def read_published(
    reader: FieldReader, file_day: date | None, rules: DateRules = PLAIN_DATES
) -> DatedInstant | None:
    """Return the publication date: of the front matter, else of the file name, else the dateline.

    ``file_day`` is the date prefix of the file name. Differences between the dates are reported.
    What the engine reads as UTC for its URLs is in UTC ``as_written``, and in the zone of the
    source as the instant.
    """
    from_key = _read_date(reader, "published", rules)
    from_dateline = _read_date(reader, "dateline")
    from_file_name = _for_urls(parse_date(file_day, reader.source.zone), file_day, rules)
    found = from_key or from_file_name or from_dateline
    if found is None:
        reader.report(
            "missing-date",
            "the post has no date; the time of its first commit is used",
            f"Add a key date. {_DATE_HINT}",
        )
    elif found is from_file_name:
        reader.origins["published"] = "file name"
    elif found is from_dateline:
        reader.origins["published"] = reader.origins["dateline"]
    for name, other in (("published", from_key), ("dateline", from_dateline)):
        if from_file_name and other and from_file_name.instant.date() != other.instant.date():
            _report_conflict(reader, name, other.instant, from_file_name.instant)
    return None if found is None else _with_embargo(reader, found)


def _for_urls(
    found: DatedInstant | None, value: object, rules: DateRules, *, is_quoted: bool = False
) -> DatedInstant | None:
    """Return ``found``, of ``value``, with the time that the engine of the site makes URLs of."""
    if found is None or found.as_written is not None:
        return found
    is_timestamp = isinstance(value, str) and not is_quoted and _YAML_TIME.fullmatch(value.strip())
    is_utc = rules.read_in_utc == "all" or (rules.read_in_utc == "timestamps" and is_timestamp)
    in_utc = parse_date(value, _UTC_ZONE, rules) if is_utc else None
    return replace(found, as_written=in_utc.instant) if in_utc else found


def _with_embargo(reader: FieldReader, found: DatedInstant) -> DatedInstant:
    """Return ``found``, but not before the embargo; dates in URLs stay as written."""
    embargo = _read_date(reader, "embargo")
    origin = reader.origins.pop("embargo", "")
    if embargo is None or embargo.instant <= found.instant:
        return found
    reader.origins["published"] = origin
    return replace(embargo, as_written=found.as_written or found.instant)


def read_expires(reader: FieldReader) -> datetime | None:
    """Return the expiry time of the post, None if it has none."""
    found = _read_date(reader, "expires")
    return found.instant if found else None


def hidden_reason(reader: FieldReader) -> str:
    """Return the front-matter key and value that hide the post, "" if it is public."""
    for name, hides in _HIDING_VALUES:
        for key, value in reader.values(name):
            if as_bool(value) is not None:
                reader.record_origin(name, key)
            if as_bool(value) is hides:
                return f"{key}: {str(hides).lower()}"
    for key, value in reader.values("build"):
        option = _build_option(value) if isinstance(value, dict) else ""
        if option:
            return f"{key}.{option}"
    return ""


def _build_option(options: dict[str, object]) -> str:
    """Return the build option with which Hugo does not publish or does not list a page, or "".

    Pages with ``render: link`` or ``list: local`` are in lists of the site, so they are public.
    Booleans are those of Hugo before 0.76 (https://gohugo.io/content-management/build-options/).
    """
    for name, value in options.items():
        is_option = name.lower() in ("render", "list")
        if is_option and (value in ("never", "0") or as_bool(value) is False):
            return f"{name}: {str(value).lower()}"
    return ""


def _read_date(
    reader: FieldReader, field: str, rules: DateRules = PLAIN_DATES
) -> DatedInstant | None:
    for key, value in reader.values(field):
        if key.lower() == "published" and as_bool(value) is not None:
            continue  # whether the post is public, not when it was published
        found = parse_date(value, reader.source.zone, rules)
        if found is not None:
            reader.record_origin(field, key)
            is_quoted = key in reader.document.quoted_keys
            return _for_urls(found, value, rules, is_quoted=is_quoted)
        reader.report(
            "impossible-date",
            f"{key} is not a valid date: {value}"[:200],
            _DATE_HINT,
            line=reader.line(key),
        )
    return None


def _report_conflict(
    reader: FieldReader, field: str, front_matter_date: datetime, file_name_date: datetime
) -> None:
    used = "key" if field == "published" else "file name"
    reader.report(
        "date-conflict",
        f"the date is {front_matter_date.date()} in the front matter "
        f"and {file_name_date.date()} in the file name",
        f"The date of the {used} is used. Write the same date in both.",
        line=reader.line(reader.keys[field]),
    )
