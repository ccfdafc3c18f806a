"""Examples of answers, as whole as the real ones."""

from typing import Final

from syndicate.web.openapi.node import Node

_PUBLIC: Final = "https://feeds.example.gov"

ITEM: Final[Node] = {
    "id": "tag:www.example.gov,2024-01-29:0f1e2d3c4b5a6978",
    "url": "https://www.example.gov/news/a-new-service-opens",
    "title": "A new service opens",
    "content_html": "<p>From Monday on, applications are taken online.</p>",
    "summary": "Applications are taken online from Monday on.",
    "image": "https://www.example.gov/images/door.png",
    "date_published": "2024-01-29T00:00:00-05:00",
    "date_modified": "2024-01-30T09:12:44-05:00",
    "authors": [{"name": "Ada Example"}],
    "author": {"name": "Ada Example"},
    "tags": ["Technology"],
    "language": "en",
    "_syndicate": {
        "self": f"{_PUBLIC}/v1/posts/0f1e2d3c4b5a6978",
        "source": "news",
        "categories": ["technology"],
        "date": "2024-01-29",
        "date_precision": "day",
        "reading_minutes": 1,
        "image_alt": "An open door",
        "carousel": {
            "title": "A new service opens",
            "summary": "Applications are taken online from Monday on.",
            "image": "https://www.example.gov/images/door.png",
            "image_alt": "An open door",
            "date": "2024-01-29",
        },
    },
}

FEED: Final[Node] = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Technology",
    "home_page_url": f"{_PUBLIC}/feeds/technology",
    "feed_url": f"{_PUBLIC}/feeds/technology.json",
    "description": "Technology, from Example agency feeds",
    "language": "en",
    "_syndicate": {
        "about": f"{_PUBLIC}/about",
        "sources": [
            {
                "name": "news",
                "title": "Example agency",
                "site_url": "https://www.example.gov",
                "rights": "Public domain",
                "rights_url": "",
            }
        ],
    },
    "items": [ITEM],
}

POSTS: Final[Node] = {"items": [ITEM], "next_url": f"{_PUBLIC}/v1/posts?after=MTcw&limit=1"}

CHANGES: Final[Node] = {
    "items": [
        {
            "type": "post.published",
            "timestamp": "2024-01-30T14:12:45.118Z",
            "data": {
                "cursor": "MWVkOWU0IDcgMCB0YWc6MA",
                "post": ITEM,
                "source": "news",
                "commit": "9f2c4e6a8b0d1f3e5a7c9b1d3f5e7a9c0b2d4f6e",
                "reason": "new",
                "changed": [],
                "minor": False,
            },
        },
        {
            "type": "post.removed",
            "timestamp": "2024-01-30T15:00:00.000Z",
            "data": {
                "cursor": "MWVkOWU0IDggMCB0YWc6MQ",
                "post": {
                    "id": "tag:www.example.gov,2023-11-06:8a7b6c5d4e3f2a1b",
                    "url": "https://www.example.gov/news/an-old-service-closes",
                },
                "source": "news",
                "commit": "9f2c4e6a8b0d1f3e5a7c9b1d3f5e7a9c0b2d4f6e",
                "reason": "expired",
                "changed": [],
                "minor": False,
            },
        },
    ],
    "next_url": f"{_PUBLIC}/v1/changes?after=MWVkOWU0IDggMCB0YWc6MQ",
    "has_more": False,
}


def _addresses(name: str) -> Node:
    return {
        **{suffix: f"{_PUBLIC}/feeds/{name}.{suffix}" for suffix in ("json", "rss", "atom")},
        "html": f"{_PUBLIC}/feeds/{name}",
    }


CATEGORIES: Final[Node] = {
    "items": [
        {
            "slug": "tts",
            "title": "Technology Transformation Services",
            "aliases": ["TTS"],
            "posts": 13,
            "feeds": _addresses("tts"),
        }
    ],
    "next_url": None,
}

SOURCES: Final[Node] = {
    "items": [
        {
            "name": "news",
            "title": "Example agency",
            "site_url": "https://www.example.gov",
            "rights": "Public domain",
            "rights_url": "",
            "commit": "9f2c4e6a8b0d1f3e5a7c9b1d3f5e7a9c0b2d4f6e",
            "committed": "2024-01-30T09:12:44-05:00",
            "posts": 7,
            "problems": 0,
            "failing": None,
            "feeds": _addresses("news"),
        }
    ],
    "next_url": None,
}

ACCEPTED: Final[Node] = {"source": "news", "status": "accepted"}

READINESS: Final[Node] = {
    "status": "degraded",
    "sources": {
        "news": {"status": "ok"},
        "updates": {"status": "failing", "detail": "unknown-ref"},
    },
    "database": {"status": "ok"},
    "deliveries": {"status": "ok", "waiting": 3, "oldest_seconds": 12},
    "components": ["delivery"],
}

ATTEMPT: Final[Node] = {
    "number": 1,
    "trigger": "schedule",
    "started": "2024-01-30T14:12:45.201Z",
    "took_ms": 83,
    "address": "198.51.100.7",
    "status": 204,
    "answer": "",
    "error": "",
}

CREATION: Final[Node] = {
    "url": "https://partner.example/hook",
    "selection": {"categories": ["technology"], "match": "any"},
    "backfill": True,
}

AMENDMENT: Final[Node] = {"state": "paused"}

SUBSCRIPTION: Final[Node] = {
    "id": "sub_3f2a9c1b5d7e8f60",
    "url": "https://partner.example/hook",
    "selection": {
        "categories": ["technology"],
        "match": "any",
        "carousel": None,
        "sources": [],
        "languages": [],
    },
    "types": ["post.published", "post.updated", "post.removed"],
    "minor": True,
    "payload": "full",
    "backfill": True,
    "state": "active",
    "state_reason": "",
    "pending": 0,
    "last_attempt": ATTEMPT,
}

NEW_SUBSCRIPTION: Final[Node] = {
    **SUBSCRIPTION,
    "pending": 7,
    "last_attempt": None,
    "secret": "whsec_VGhpcyBpcyBhbiBleGFtcGxlIG9mIGEgc2VjcmV0Lg==",
}

SUBSCRIPTIONS: Final[Node] = {"items": [SUBSCRIPTION], "next_url": None}

DELIVERY: Final[Node] = {
    "id": "sub_3f2a9c1b5d7e8f60.17",
    "subscription": "sub_3f2a9c1b5d7e8f60",
    "event": "evt_0f1e2d3c4b5a69780f1e2d3c4b5a6978",
    "seq": 17,
    "state": "pending",
    "trigger": "manual",
    "attempts": 1,
    "due": "2024-01-30T14:12:45.118Z",
    "last_status": 204,
    "last_error": "",
}

DELIVERIES: Final[Node] = {"items": [DELIVERY], "next_url": None}

LOGGED_DELIVERY: Final[Node] = {**DELIVERY, "state": "delivered", "attempts": [ATTEMPT]}

PROBLEMS: Final[Node] = {
    "items": [
        {
            "path": "_news/2024-01-29-a-new-service-opens.md",
            "line": 4,
            "column": 0,
            "level": "error",
            "code": "bad-date",
            "message": "date cannot be '2024-13-01'",
            "hint": "Write it as 2024-01-31.",
        }
    ],
    "next_url": None,
}
