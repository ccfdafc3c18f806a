"""The fields of every JSON answer."""

from typing import Final, get_args

from syndicate.formats import FORMATS
from syndicate.model.ledger import PARTS, Absence
from syndicate.model.subscription import EventType
from syndicate.web.openapi.node import Node, ref
from syndicate.web.openapi.shape import (
    COUNT,
    DAY,
    MOMENT,
    TEXT,
    URL,
    described,
    listed,
    members,
    or_null,
    page,
)

_COMMIT: Final = {"type": "string", "pattern": "^[0-9a-f]{40}([0-9a-f]{24})?$"}
_REMOVED: Final = {"id": TEXT, "url": TEXT}
_REASONS: Final = ("new", "left", *get_args(Absence))

_AUTHOR: Final = members("Who wrote it.", {"name": TEXT}, {"url": URL})

_CARD: Final = members(
    "A post as a carousel shows it: complete, gaps are filled from the post.",
    {
        "title": TEXT,
        "summary": TEXT,
        "image": described(TEXT, "Absolute address; empty if the post has no picture at all."),
        "image_alt": described(or_null(TEXT), "As `image_alt` of the item."),
        "date": described(DAY, "The calendar day at the source: print this."),
    },
)

_ITEM_EXTENSION: Final = members(
    "What JSON Feed has no name for.",
    {
        "self": described(URL, "Where this item alone is found."),
        "source": described(TEXT, "The name of the source."),
        "categories": described(listed(TEXT), "Slugs, in the order of `tags`."),
        "date": described(DAY, "The calendar day at the source: print this."),
        "date_precision": {"type": "string", "enum": ["day", "second"]},
        "reading_minutes": COUNT,
        "image_alt": described(
            or_null(TEXT), "Empty if declared decorative, null if nobody wrote one."
        ),
        "carousel": or_null(ref("schemas", "Card")),
    },
    {
        "translations": described(
            listed(members("The same post in another language.", {"language": TEXT, "url": URL})),
            "Left out where there is none.",
        ),
    },
)

_ITEM: Final = members(
    "A post (an item of JSON Feed 1.1); what it has not is left out.",
    {
        "id": described(TEXT, "Stable for ever, the same in every format (RFC 4151)."),
        "url": described(URL, "Its home."),
        "title": TEXT,
        "date_published": described(MOMENT, "With the offset of the source's time zone."),
        "date_modified": MOMENT,
        "language": described(TEXT, "BCP 47."),
        "_syndicate": ref("schemas", "ItemExtension"),
    },
    {
        "external_url": described(URL, "Where it was first published, if not at its home."),
        "content_html": described(TEXT, "Sanitized; every address is absolute."),
        "content_text": TEXT,
        "summary": described(TEXT, "Plain text."),
        "image": URL,
        "authors": listed(ref("schemas", "Author")),
        "author": described(ref("schemas", "Author"), "The first, for readers of JSON Feed 1.0."),
        "tags": described(listed(TEXT), "Titles of categories."),
    },
    anyOf=[{"required": ["content_html"]}, {"required": ["content_text"]}],
)

_FEED: Final = members(
    "A feed (JSON Feed 1.1).",
    {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": TEXT,
        "home_page_url": described(URL, "The feed as a page for people."),
        "feed_url": described(URL, "The address of exactly this feed."),
        "items": listed(ref("schemas", "Item")),
        "_syndicate": members(
            "What JSON Feed has no name for.",
            {"about": URL, "sources": listed(ref("schemas", "FeedSource"))},
        ),
    },
    {
        "next_url": URL,
        "description": TEXT,
        "icon": URL,
        "favicon": URL,
        "language": TEXT,
        "hubs": listed(members("A WebSub hub.", {"type": TEXT, "url": URL})),
    },
)

_FEED_SOURCE: Final = members(
    "Where posts come from, and what may be done with them.",
    {"name": TEXT, "title": TEXT, "site_url": URL, "rights": TEXT, "rights_url": TEXT},
)

_CHANGE: Final = members(
    "Something that happened to a post: the body of a webhook, without its subscription.",
    {
        "type": {"type": "string", "enum": list(get_args(EventType))},
        "timestamp": described(MOMENT, "When it was noticed."),
        "data": members(
            "What happened.",
            {
                "cursor": described(TEXT, "The position right after this, for `after`."),
                "post": described(
                    {
                        "anyOf": [
                            ref("schemas", "Item"),
                            members("All that is said of a removed post.", _REMOVED),
                        ]
                    },
                    "The post as it is now.",
                ),
                "source": described(TEXT, "The name of the source."),
                "commit": _COMMIT,
                "reason": described(
                    or_null({"type": "string", "enum": list(_REASONS)}),
                    "Why it appeared or left; null for an update.",
                ),
                "changed": described(
                    listed({"type": "string", "enum": list(PARTS)}),
                    "What an update may have changed; empty otherwise.",
                ),
                "minor": described(
                    {"type": "boolean"}, "Whether readers would hardly notice the update."
                ),
            },
        ),
    },
)

_CHANGE_PAGE: Final = members(
    "What follows a position, in order.",
    {
        "items": listed(ref("schemas", "Change")),
        "next_url": described(URL, "Where what comes next is found: now, or another day."),
        "has_more": described({"type": "boolean"}, "Whether something is known to be there now."),
    },
)

_ADDRESSES: Final = members(
    "Where a feed is found, by format; `html` is the page for people.",
    dict.fromkeys((*FORMATS, "html"), URL),
)

_CATEGORY: Final = members(
    "A subject that posts are filed under.",
    {
        "slug": TEXT,
        "title": TEXT,
        "aliases": described(listed(TEXT), "Other spellings it answers to."),
        "posts": described(COUNT, "Posts live now."),
        "feeds": ref("schemas", "Addresses"),
    },
)

_SOURCE: Final = members(
    "A site whose posts are carried.",
    {
        "name": TEXT,
        "title": TEXT,
        "site_url": URL,
        "rights": TEXT,
        "rights_url": TEXT,
        "commit": described(
            or_null(_COMMIT),
            "The one that is served; null before the first was read.",
        ),
        "committed": or_null(MOMENT),
        "posts": described(COUNT, "Posts live now."),
        "problems": described(COUNT, "What its editors should look at."),
        "failing": described(
            or_null(TEXT), "A code of why what is served is not the newest; null while it is."
        ),
        "feeds": ref("schemas", "Addresses"),
    },
)

_STATE: Final = members(
    "How a part of the service is doing.",
    {"status": {"type": "string", "enum": ["ok", "failing"]}},
    {"detail": described(TEXT, "A code of why it fails, such as `unreachable`.")},
)

_BACKLOG: Final = members(
    "What is on its way to subscribers, as of some seconds ago.",
    {"status": {"type": "string", "enum": ["ok", "failing"]}},
    {
        "waiting": described(COUNT, "Deliveries."),
        "oldest_seconds": described(COUNT, "For how long the oldest of them is overdue."),
        "detail": described(TEXT, "A code of why it fails, such as `storage-error`."),
    },
)

_ACCEPTED: Final = members(
    "What will be done.", {"source": TEXT, "status": {"type": "string", "const": "accepted"}}
)

_READINESS: Final = members(
    "Whether readers may come, and what fails.",
    {
        "status": {"type": "string", "enum": ["ok", "degraded", "unavailable"]},
        "sources": {"type": "object", "additionalProperties": ref("schemas", "State")},
        "database": or_null(ref("schemas", "State")),
        "deliveries": or_null(ref("schemas", "Backlog")),
        "components": described(
            listed(TEXT), "Those that ended by an error within 5 minutes and were restarted."
        ),
    },
)

_CODE: Final = described({"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$"}, "Stable.")

_PROBLEM: Final = members(
    "What went wrong (RFC 9457).",
    {
        "type": described(TEXT, "`about:blank`: `code` tells cases apart."),
        "title": TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": _CODE,
        "detail": described(TEXT, "What it is, in one sentence."),
        "instance": described(TEXT, "The path that was asked."),
    },
    {
        "hint": described(TEXT, "What to do about it."),
        "known": described(listed(TEXT), "What would have been accepted."),
        "errors": described(
            listed(ref("schemas", "Mistake")), "Every field that is wrong, where there are any."
        ),
    },
)

_MISTAKE: Final = members(
    "A field that is wrong.",
    {
        "pointer": described(TEXT, "Which: `#` and a JSON pointer (RFC 6901)."),
        "code": _CODE,
        "detail": TEXT,
    },
    {"hint": TEXT, "known": listed(TEXT)},
)

COMPONENT_SCHEMAS: Final[Node] = {
    "Item": _ITEM,
    "ItemExtension": _ITEM_EXTENSION,
    "Author": _AUTHOR,
    "Card": _CARD,
    "Feed": _FEED,
    "FeedSource": _FEED_SOURCE,
    "PostPage": page("Item", "posts"),
    "Change": _CHANGE,
    "ChangePage": _CHANGE_PAGE,
    "Addresses": _ADDRESSES,
    "Category": _CATEGORY,
    "CategoryPage": page("Category", "categories"),
    "Source": _SOURCE,
    "SourcePage": page("Source", "sources"),
    "State": _STATE,
    "Readiness": _READINESS,
    "Backlog": _BACKLOG,
    "Accepted": _ACCEPTED,
    "Problem": _PROBLEM,
    "Mistake": _MISTAKE,
}
