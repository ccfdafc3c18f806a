"""The parameters: what may be asked, the same for feeds, pages and posts."""

from typing import Final, get_args

from syndicate.model.query import DEFAULT_LIMIT, MOST, Content
from syndicate.web.openapi.node import Node, ref


def _query(name: str, description: str, schema: Node, **more: object) -> Node:
    return {"name": name, "in": "query", "description": description, "schema": schema, **more}


def _many(name: str, description: str, example: str) -> Node:
    return _query(
        name,
        description,
        {"type": "array", "items": {"type": "string"}},
        style="form",
        explode=True,
        example=[example],
    )


def _path(name: str, description: str, example: str, **schema: object) -> Node:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", **schema},
        "example": example,
    }


def _header(name: str, description: str, example: str) -> Node:
    return {
        "name": name,
        "in": "header",
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }


COMPONENT_PARAMETERS: Final[Node] = {
    "name": _path(
        "name",
        "A feed: `all`, `carousel`, a named feed, a source, or a category by slug, alias or title.",
        "technology",
        minLength=1,
    ),
    "key": _path(
        "key",
        "The last part of a post's id.",
        "0f1e2d3c4b5a6978",
        minLength=1,
    ),
    "id": _path("id", "An id, as lists give it.", "sub_3f2a9c1b5d7e8f60", minLength=1),
    "since": _query(
        "since",
        "A time with its zone (RFC 3339): only what changed since then. Without it, everything "
        "that is live.",
        {"type": "string", "format": "date-time"},
    ),
    "sourceName": _path("source", "The name of a source.", "news", minLength=1),
    "path": _path(
        "path",
        "A path in its repository.",
        "assets/spring.svg",
        minLength=1,
    ),
    "version": _query(
        "v",
        "The blob that an address of ours names: while it is the current one, the answer may be "
        "kept for ever.",
        {"type": "string"},
    ),
    "category": _many(
        "category",
        "Only posts of this category: slug, alias or title, in any case. May be repeated.",
        "technology",
    ),
    "match": _query(
        "match",
        "Whether posts need any of several categories, or all of them.",
        {"type": "string", "enum": ["any", "all"], "default": "any"},
    ),
    "carousel": _query(
        "carousel",
        "Only posts that are in the carousel, in its order; or only those that are not.",
        {"type": "boolean"},
    ),
    "source": _many("source", "Only posts of this source. May be repeated.", "news"),
    "language": _many(
        "language",
        "Only posts in this language; `es` means `es-PR` too. May be repeated.",
        "en",
    ),
    "limit": _query(
        "limit",
        "Posts on a page.",
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT},
    ),
    "after": _query(
        "after",
        "Where the page begins: as given in `next_url`, never made by hand.",
        {"type": "string"},
    ),
    "position": _query(
        "after",
        "A cursor: only what was told since then. As given in `next_url` or in `data.cursor`, "
        "never made by hand; without it, everything there is.",
        {"type": "string"},
    ),
    "content": _query(
        "content",
        "How much of each post to send.",
        {"type": "string", "enum": list(get_args(Content)), "default": "full"},
    ),
    "ifNoneMatch": _header(
        "If-None-Match",
        "Tags that you have; while one of them is current, the answer is 304.",
        '"a1b2"',
    ),
    "ifModifiedSince": _header(
        "If-Modified-Since",
        "The Last-Modified that you have, if you kept no tag.",
        "Mon, 29 Jan 2024 05:00:00 GMT",
    ),
}

CONDITIONS: Final = (ref("parameters", "ifNoneMatch"), ref("parameters", "ifModifiedSince"))
"""What every answer that may be kept can be asked with."""

_NARROWING: Final = ("category", "match", "carousel", "source", "language", "limit", "content")

SELECTION: Final = tuple(ref("parameters", name) for name in (*_NARROWING, "after"))
"""What narrows a list of posts and chooses a page of it."""

FOLLOWING: Final = tuple(ref("parameters", name) for name in (*_NARROWING, "position"))
"""What narrows the changes that follow a position."""
