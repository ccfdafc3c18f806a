"""When a post is public: its dates, and whether its front matter hides it."""

from datetime import datetime
from typing import Final

from syndicate.dialects.front_matter.dates import DatedInstant, parse_date
from syndicate.dialects.front_matter.field_reader import FieldReader
from syndicate.dialects.front_matter.post_path import PostPath
from syndicate.dialects.front_matter.value_parsers import as_bool

_HIDING_VALUES: Final = (("draft", True), ("public", False), ("permalink", False))
"""Fields that hide a post, and the value of their key that does so."""

_DATE_HINT: Final = "Write it as 2024-01-29, or as 2024-01-29 09:30:00 -0500."


def read_published(reader: FieldReader, path: PostPath) -> DatedInstant | None:
    """Return when the post was published: front matter, else file name, else the date shown."""
    from_key = _read_date(reader, "published")
    from_dateline = _read_date(reader, "dateline")
    from_file_name = parse_date(path.day, reader.source.zone)
    found = from_key or from_file_name or from_dateline
    if found is None:
        reader.report(
            "missing-date",
            "the post has no date and counts from when it was first committed",
            f"Give it a key date. {_DATE_HINT}",
        )
    elif found is from_file_name:
        reader.origins["published"] = "file name"
    elif found is from_dateline:
        reader.origins["published"] = reader.origins["dateline"]
    for name, other in (("published", from_key), ("dateline", from_dateline)):
        if from_file_name and other and from_file_name.instant.date() != other.instant.date():
            _report_conflict(reader, name, other.instant, from_file_name.instant)
    return found


def read_expires(reader: FieldReader) -> datetime | None:
    """Return when readers stop seeing the post, None if never."""
    found = _read_date(reader, "expires")
    return found.instant if found else None


def hidden_reason(reader: FieldReader) -> str:
    """Return the key and value in front matter that hide the post, empty if none does."""
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
    """Return the build option by which Hugo does not publish or does not list a page.

    ``render: link`` and ``list: local`` do not hide: such pages stand in lists of the site. The
    booleans of Hugo before 0.76 still count (https://gohugo.io/content-management/build-options/).
    """
    for name, value in options.items():
        is_option = name.lower() in ("render", "list")
        if is_option and (value in ("never", "0") or as_bool(value) is False):
            return f"{name}: {str(value).lower()}"
    return ""


def _read_date(reader: FieldReader, field: str) -> DatedInstant | None:
    for key, value in reader.values(field):
        found = parse_date(value, reader.source.zone)
        if found is not None:
            reader.record_origin(field, key)
            return found
        reader.report(
            "impossible-date", f"{key} is no date: {value}"[:200], _DATE_HINT, line=reader.line(key)
        )
    return None


def _report_conflict(
    reader: FieldReader, field: str, front_matter_date: datetime, file_name_date: datetime
) -> None:
    winner = "key" if field == "published" else "file name"
    reader.report(
        "date-conflict",
        f"the date is {front_matter_date.date()} in the front matter "
        f"and {file_name_date.date()} in the file name",
        f"The {winner} counts; make both the same if that is wrong.",
        line=reader.line(reader.keys[field]),
    )
