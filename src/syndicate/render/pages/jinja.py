"""The Jinja environment of the pages, with filters for dates, URLs and numbers."""

import re
from datetime import date
from functools import cache
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from syndicate.model.permalink_tokens import MONTHS
from syndicate.render.pages.page_fragment import for_own_page


def render_template(template: str, **values: object) -> str:
    """Render the file ``template`` with ``values``."""
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
        "relative_url": _relative_url,
        "host": _host,
        "format_date": _format_date,
        "contact_url": _contact_url,
        "for_own_page": for_own_page,
        "break_points": _break_points,
        "count": _count_noun,
    }
    return environment


def _relative_url(url: str) -> str:
    """Return a URL of the service without scheme and host, so that pages work on any host name."""
    return urlsplit(url)._replace(scheme="", netloc="").geturl() or "/"


def _break_points(url: str) -> list[str]:
    """Return a URL in parts, between which a line may break."""
    return re.split(r"(?<=[/?&])(?=[^/])", url)


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _format_date(day: date) -> str:
    """Return a date in US format, regardless of the locale of the process."""
    return f"{MONTHS[day.month - 1]} {day.day}, {day.year}"


def _contact_url(contact: str) -> str:
    """Return the URL of ``contact``, which is an email address or a URL."""
    return contact if ":" in contact else f"mailto:{contact}"


def _count_noun(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
