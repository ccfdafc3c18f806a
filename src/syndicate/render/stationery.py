"""The door to Jinja: the templates of pages, and how they write days, addresses and numbers."""

import re
from datetime import date
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from syndicate.render.inset import inset

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def fill(template: str, **values: object) -> str:
    """Return the page that the file ``template`` makes of ``values``."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("syndicate.render", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "local": _local,
        "host": _host,
        "day": _day,
        "mail": _mail,
        "inset": inset,
        "parts": _parts,
        "count": _count,
    }
    return environment


def _local(url: str) -> str:
    """Return an address of ours without scheme and host: pages work under any name."""
    return urlsplit(url)._replace(scheme="", netloc="").geturl() or "/"


def _parts(url: str) -> list[str]:
    """Return an address in the parts between which it may be broken when shown."""
    return re.split(r"(?<=[/?&])(?=[^/])", url)


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _day(day: date) -> str:
    """Return a day as people in the United States read it, whatever the process speaks."""
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def _mail(contact: str) -> str:
    """Return where a click on ``contact`` leads: it is an e-mail address or a web address."""
    return contact if ":" in contact else f"mailto:{contact}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
