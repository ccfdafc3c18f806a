"""When a post is public: its dates, and whether its front matter hides it."""

from datetime import datetime
from typing import Final

from syndicate.dialects.mapping.dates import Moment, moment
from syndicate.dialects.mapping.keys import Reading
from syndicate.dialects.mapping.place import Place
from syndicate.dialects.mapping.values import flag

_HIDING: Final = (("draft", True), ("public", False), ("permalink", False))
"""Fields that hide a post, and the value of their key that does so."""

_WRITE: Final = "Write it as 2024-01-29, or as 2024-01-29 09:30:00 -0500."


def published(reading: Reading, place: Place) -> Moment | None:
    """Return when the post was published: front matter, else file name, else the date shown."""
    written = _moment(reading, "published")
    shown = _moment(reading, "dateline")
    named = moment(place.day, reading.source.zone)
    found = written or named or shown
    if found is None:
        reading.note(
            "missing-date",
            "the post has no date and counts from when it was first committed",
            f"Give it a key date. {_WRITE}",
        )
    elif found is named:
        reading.origins["published"] = "file name"
    elif found is shown:
        reading.origins["published"] = reading.origins["dateline"]
    for name, other in (("published", written), ("dateline", shown)):
        if named and other and named.at.date() != other.at.date():
            _conflict(reading, name, other.at, named.at)
    return found


def expires(reading: Reading) -> datetime | None:
    """Return when readers stop seeing the post, None if never."""
    found = _moment(reading, "expires")
    return found.at if found else None


def hidden(reading: Reading) -> str:
    """Return the key and value in front matter that hide the post, empty if none does."""
    for name, hides in _HIDING:
        for key, value in reading.values(name):
            if flag(value) is not None:
                reading.came(name, key)
            if flag(value) is hides:
                return f"{key}: {str(hides).lower()}"
    for key, value in reading.values("build"):
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
        if is_option and (value in ("never", "0") or flag(value) is False):
            return f"{name}: {str(value).lower()}"
    return ""


def _moment(reading: Reading, name: str) -> Moment | None:
    for key, value in reading.values(name):
        found = moment(value, reading.source.zone)
        if found is not None:
            reading.came(name, key)
            return found
        reading.note(
            "impossible-date", f"{key} is no date: {value}"[:200], _WRITE, line=reading.line(key)
        )
    return None


def _conflict(reading: Reading, name: str, written: datetime, named: datetime) -> None:
    winner = "key" if name == "published" else "file name"
    reading.note(
        "date-conflict",
        f"the date is {written.date()} in the front matter and {named.date()} in the file name",
        f"The {winner} counts; make both the same if that is wrong.",
        line=reading.line(reading.keys[name]),
    )
