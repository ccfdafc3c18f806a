"""The door to Jinja: the templates of pages, and how they write days, addresses and numbers."""

import re
from datetime import date
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from syndicate.render.pages.page_fragment import for_own_page

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def render_template(template: str, **values: object) -> str:
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
        "local": _relative_url,
        "host": _host,
        "day": _format_date,
        "mail": _contact_url,
        "inset": for_own_page,
        "parts": _break_points,
        "count": _count_noun,
    }
    return environment


def _relative_url(url: str) -> str:
    """Return an address of ours without scheme and host: pages work under any name."""
    return urlsplit(url)._replace(scheme="", netloc="").geturl() or "/"


def _break_points(url: str) -> list[str]:
    """Return an address in the parts between which it may be broken when shown."""
    return re.split(r"(?<=[/?&])(?=[^/])", url)


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _format_date(day: date) -> str:
    """Return a day as people in the United States read it, whatever the process speaks."""
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def _contact_url(contact: str) -> str:
    """Return where a click on ``contact`` leads: it is an e-mail address or a web address."""
    return contact if ":" in contact else f"mailto:{contact}"


def _count_noun(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
