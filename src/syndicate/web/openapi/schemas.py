"""The fields of every JSON answer."""

from typing import Final, get_args

from syndicate.formats import FORMATS
from syndicate.model.ledger import PARTS, Absence
from syndicate.model.subscription import EventType
from syndicate.web.openapi.node import Node, ref

_TEXT: Final = {"type": "string"}
_URL: Final = {"type": "string", "format": "uri"}
_MOMENT: Final = {"type": "string", "format": "date-time"}
_DAY: Final = {"type": "string", "format": "date"}
_COUNT: Final = {"type": "integer", "minimum": 0}


def _or_null(schema: Node) -> Node:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(schema: Node) -> Node:
    return {"type": "array", "items": schema}


def _object(description: str, required: Node, optional: Node | None = None, **more: object) -> Node:
    """Return an object of ``required`` and ``optional`` properties, and of no others."""
    return {
        "type": "object",
        "description": description,
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
        **more,
    }


def _page(of: str, what: str) -> Node:
    return _object(
        f"A page of {what}.",
        {
            "items": _list(ref("schemas", of)),
            "next_url": {
                **_or_null(_URL),
                "description": "The page after this one; null on the last.",
            },
        },
    )


def _described(schema: Node, description: str) -> Node:
    return {**schema, "description": description}


_COMMIT: Final = {"type": "string", "pattern": "^[0-9a-f]{40}([0-9a-f]{24})?$"}
_REMOVED: Final = {"id": _TEXT, "url": _TEXT}
_REASONS: Final = ("new", "left", *get_args(Absence))

_AUTHOR: Final = _object("Who wrote it.", {"name": _TEXT}, {"url": _URL})

_CARD: Final = _object(
    "A post as a carousel shows it: complete, gaps are filled from the post.",
    {
        "title": _TEXT,
        "summary": _TEXT,
        "image": _described(_TEXT, "Absolute address; empty if the post has no picture at all."),
        "image_alt": _described(_or_null(_TEXT), "As `image_alt` of the item."),
        "date": _described(_DAY, "The calendar day at the source: print this."),
    },
)

_ITEM_EXTENSION: Final = _object(
    "What JSON Feed has no name for.",
    {
        "self": _described(_URL, "Where this item alone is found."),
        "source": _described(_TEXT, "The name of the source."),
        "categories": _described(_list(_TEXT), "Slugs, in the order of `tags`."),
        "date": _described(_DAY, "The calendar day at the source: print this."),
        "date_precision": {"type": "string", "enum": ["day", "second"]},
        "reading_minutes": _COUNT,
        "image_alt": _described(
            _or_null(_TEXT), "Empty if declared decorative, null if nobody wrote one."
        ),
        "carousel": _or_null(ref("schemas", "Card")),
    },
    {
        "translations": _described(
            _list(_object("The same post in another language.", {"language": _TEXT, "url": _URL})),
            "Left out where there is none.",
        ),
    },
)

_ITEM: Final = _object(
    "A post (an item of JSON Feed 1.1); what it has not is left out.",
    {
        "id": _described(_TEXT, "Stable for ever, the same in every format (RFC 4151)."),
        "url": _described(_URL, "Its home."),
        "title": _TEXT,
        "date_published": _described(_MOMENT, "With the offset of the source's time zone."),
        "date_modified": _MOMENT,
        "language": _described(_TEXT, "BCP 47."),
        "_syndicate": ref("schemas", "ItemExtension"),
    },
    {
        "external_url": _described(_URL, "Where it was first published, if not at its home."),
        "content_html": _described(_TEXT, "Sanitized; every address is absolute."),
        "content_text": _TEXT,
        "summary": _described(_TEXT, "Plain text."),
        "image": _URL,
        "authors": _list(ref("schemas", "Author")),
        "author": _described(ref("schemas", "Author"), "The first, for readers of JSON Feed 1.0."),
        "tags": _described(_list(_TEXT), "Titles of categories."),
    },
    anyOf=[{"required": ["content_html"]}, {"required": ["content_text"]}],
)

_FEED: Final = _object(
    "A feed (JSON Feed 1.1).",
    {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": _TEXT,
        "home_page_url": _described(_URL, "The feed as a page for people."),
        "feed_url": _described(_URL, "The address of exactly this feed."),
        "items": _list(ref("schemas", "Item")),
        "_syndicate": _object(
            "What JSON Feed has no name for.",
            {"about": _URL, "sources": _list(ref("schemas", "FeedSource"))},
        ),
    },
    {
        "next_url": _URL,
        "description": _TEXT,
        "icon": _URL,
        "favicon": _URL,
        "language": _TEXT,
        "hubs": _list(_object("A WebSub hub.", {"type": _TEXT, "url": _URL})),
    },
)

_FEED_SOURCE: Final = _object(
    "Where posts come from, and what may be done with them.",
    {"name": _TEXT, "title": _TEXT, "site_url": _URL, "rights": _TEXT, "rights_url": _TEXT},
)

_CHANGE: Final = _object(
    "Something that happened to a post: the body of a webhook, without its subscription.",
    {
        "type": {"type": "string", "enum": list(get_args(EventType))},
        "timestamp": _described(_MOMENT, "When it was noticed."),
        "data": _object(
            "What happened.",
            {
                "cursor": _described(_TEXT, "The position right after this, for `after`."),
                "post": _described(
                    {
                        "anyOf": [
                            ref("schemas", "Item"),
                            _object("All that is said of a removed post.", _REMOVED),
                        ]
                    },
                    "The post as it is now.",
                ),
                "source": _described(_TEXT, "The name of the source."),
                "commit": _COMMIT,
                "reason": _described(
                    _or_null({"type": "string", "enum": list(_REASONS)}),
                    "Why it appeared or left; null for an update.",
                ),
                "changed": _described(
                    _list({"type": "string", "enum": list(PARTS)}),
                    "What an update may have changed; empty otherwise.",
                ),
                "minor": _described(
                    {"type": "boolean"}, "Whether readers would hardly notice the update."
                ),
            },
        ),
    },
)

_CHANGE_PAGE: Final = _object(
    "What follows a position, in order.",
    {
        "items": _list(ref("schemas", "Change")),
        "next_url": _described(_URL, "Where what comes next is found: now, or another day."),
        "has_more": _described({"type": "boolean"}, "Whether something is known to be there now."),
    },
)

_ADDRESSES: Final = _object(
    "Where a feed is found, by format; `html` is the page for people.",
    dict.fromkeys((*FORMATS, "html"), _URL),
)

_CATEGORY: Final = _object(
    "A subject that posts are filed under.",
    {
        "slug": _TEXT,
        "title": _TEXT,
        "aliases": _described(_list(_TEXT), "Other spellings it answers to."),
        "posts": _described(_COUNT, "Posts live now."),
        "feeds": ref("schemas", "Addresses"),
    },
)

_SOURCE: Final = _object(
    "A site whose posts are carried.",
    {
        "name": _TEXT,
        "title": _TEXT,
        "site_url": _URL,
        "rights": _TEXT,
        "rights_url": _TEXT,
        "commit": _described(
            _or_null(_COMMIT),
            "The one that is served; null before the first was read.",
        ),
        "committed": _or_null(_MOMENT),
        "posts": _described(_COUNT, "Posts live now."),
        "problems": _described(_COUNT, "What its editors should look at."),
        "failing": _described(
            _or_null(_TEXT), "Why what is served is not the newest; null while it is."
        ),
        "feeds": ref("schemas", "Addresses"),
    },
)

_STATE: Final = _object(
    "How a part of the service is doing.",
    {"status": {"type": "string", "enum": ["ok", "failing"]}},
    {"detail": _described(_TEXT, "Why it fails.")},
)

_ACCEPTED: Final = _object(
    "What will be done.", {"source": _TEXT, "status": {"type": "string", "const": "accepted"}}
)

_READINESS: Final = _object(
    "Whether readers may come, and what fails.",
    {
        "status": {"type": "string", "enum": ["ok", "degraded", "unavailable"]},
        "sources": {"type": "object", "additionalProperties": ref("schemas", "State")},
        "database": _or_null(ref("schemas", "State")),
        "deliveries": {"type": ["object", "null"]},
    },
)

_PROBLEM: Final = _object(
    "What went wrong (RFC 9457).",
    {
        "type": _described(_TEXT, "`about:blank`: `code` tells cases apart."),
        "title": _TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": _described({"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$"}, "Stable."),
        "detail": _described(_TEXT, "What it is, in one sentence."),
        "instance": _described(_TEXT, "The path that was asked."),
    },
    {
        "hint": _described(_TEXT, "What to do about it."),
        "known": _described(_list(_TEXT), "What would have been accepted."),
    },
)

COMPONENT_SCHEMAS: Final[Node] = {
    "Item": _ITEM,
    "ItemExtension": _ITEM_EXTENSION,
    "Author": _AUTHOR,
    "Card": _CARD,
    "Feed": _FEED,
    "FeedSource": _FEED_SOURCE,
    "PostPage": _page("Item", "posts"),
    "Change": _CHANGE,
    "ChangePage": _CHANGE_PAGE,
    "Addresses": _ADDRESSES,
    "Category": _CATEGORY,
    "CategoryPage": _page("Category", "categories"),
    "Source": _SOURCE,
    "SourcePage": _page("Source", "sources"),
    "State": _STATE,
    "Readiness": _READINESS,
    "Accepted": _ACCEPTED,
    "Problem": _PROBLEM,
}
