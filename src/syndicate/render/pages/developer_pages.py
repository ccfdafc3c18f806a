"""The pages for developers of partner sites: URLs, samples and the API reference."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from syndicate.model.feed import ServiceInfo
from syndicate.render.pages.embed_pages import EmbedOptions
from syndicate.render.pages.html_pages import FeedLink, render_page
from syndicate.render.pages.resources import read_resource

_Described = TypeVar("_Described")

_MIN_SHARED: Final = 5
"""From so many operations on, a parameter or response is described once for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiParameter:
    """A parameter of an operation; ``location`` is path, query or header."""

    name: str
    location: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiResponse:
    """A response of an operation; ``status`` is three digits, "2XX" or "default"."""

    status: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOperation:
    """An operation of the API; ``description`` is a list of paragraphs."""

    id: str
    method: str
    path: str
    summary: str
    description: Sequence[str]
    needs_token: bool
    parameters: tuple[ApiParameter, ...]
    responses: tuple[ApiResponse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiGroup:
    """The operations with one tag."""

    name: str
    description: str
    operations: tuple[ApiOperation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSample:
    """A function that verifies a request, and a program of two files that uses it.

    ``name`` becomes part of the HTML ids of its code, ``run`` is the command that starts it.
    """

    name: str
    title: str
    file: str
    code: str
    receiver_file: str
    receiver: str
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeveloperPage:
    """The content of the page for developers.

    ``form`` has the values of the form, ``feeds`` the names and titles to choose from, ``links``
    the URLs of the chosen feed. The ``embed_`` values show it in another page. Everything else is
    commands, samples and ``limits`` as (name, value); ``egress`` is where deliveries come from.
    """

    form: Mapping[str, str]
    options: EmbedOptions
    feeds: tuple[tuple[str, str], ...]
    links: tuple[FeedLink, ...]
    parameters: tuple[ApiParameter, ...]
    embed_url: str
    embed_iframe: str
    embed_element: str
    subscribe: str
    websub_subscribe: str
    changes: str
    webhook_headers: str
    webhook_body: str
    webhook_secret: str
    samples: tuple[CodeSample, ...]
    limits: tuple[tuple[str, str], ...]
    max_embed_posts: int
    egress: tuple[str, ...] = ()


def developers_page(service_info: ServiceInfo, page: DeveloperPage) -> str:
    """Return the page for developers of partner sites."""
    return render_page(
        "developers.html", service_info, page=page, script=copy_script(), here="/developers"
    )


def copy_script() -> str:
    """Return the script that adds buttons which copy code; the page is complete without it."""
    return read_resource("copy.js")


def api_reference_page(service_info: ServiceInfo, groups: Sequence[ApiGroup]) -> str:
    """Return the reference of all operations, in ``groups``.

    Parameters and responses of many operations are described once.
    """
    operations = [operation for group in groups for operation in group.operations]
    return render_page(
        "api_reference.html",
        service_info,
        groups=groups,
        shared=_shared(parameter for each in operations for parameter in each.parameters),
        shared_responses=_shared(response for each in operations for response in each.responses),
        here="",
    )


def _shared(described: Iterable[_Described]) -> list[_Described]:
    """Return those that many operations have, in the order in which they occur first."""
    return [each for each, count in Counter(described).items() if count >= _MIN_SHARED]
