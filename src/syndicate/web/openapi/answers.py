"""The answers: their headers, and what goes wrong."""

from typing import Final

from syndicate.web.openapi.node import Node, ref


def _header(description: str, example: str) -> Node:
    return {"description": description, "schema": {"type": "string"}, "example": example}


COMPONENT_HEADERS: Final[Node] = {
    "ETag": _header("Tag of these bytes in this coding.", '"9f86d081884c7d659a2feaa0c55ad015"'),
    "LastModified": _header("When the content last changed.", "Mon, 29 Jan 2024 05:00:00 GMT"),
    "CacheControl": _header(
        "How long the answer may be kept.",
        "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400",
    ),
    "Vary": _header("What else the answer depends on.", "Accept-Encoding"),
    "Link": _header(
        "Self, canonical, next page, other formats (RFC 8288).",
        '<https://feeds.example.gov/feeds/all.json>; rel="self"; type="application/feed+json"',
    ),
    "Location": _header(
        "The address to use from now on.", "https://feeds.example.gov/feeds/technology.json"
    ),
    "RetryAfter": _header("Seconds to wait before asking again.", "30"),
    "Allow": _header("What can be done here.", "GET, HEAD, OPTIONS"),
    "WWWAuthenticate": _header("What to show.", 'Bearer realm="metrics"'),
}

_KEPT: Final = {
    "ETag": ref("headers", "ETag"),
    "Last-Modified": ref("headers", "LastModified"),
    "Cache-Control": ref("headers", "CacheControl"),
    "Vary": ref("headers", "Vary"),
    "Link": ref("headers", "Link"),
}
"""Headers of what may be kept."""


def kept(description: str, media_type: str, schema: Node, example: object = None) -> Node:
    """Return an answer 200 that may be kept, of a ``media_type``."""
    return {
        "description": description,
        "headers": _KEPT,
        "content": {media_type: _content(schema, example)},
    }


def fresh(description: str, media_type: str, schema: Node, example: object = None) -> Node:
    """Return an answer that is true only now."""
    return {
        "description": description,
        "headers": {"Cache-Control": ref("headers", "CacheControl")},
        "content": {media_type: _content(schema, example)},
    }


def undated(description: str, media_type: str, schema: Node, example: object) -> Node:
    """Return an answer 200 that may be kept by its tag alone."""
    headers = {name: header for name, header in _KEPT.items() if name != "Last-Modified"}
    content = {media_type: _content(schema, example)}
    return {"description": description, "headers": headers, "content": content}


def _content(schema: Node, example: object) -> Node:
    return {"schema": schema, **({} if example is None else {"example": example})}


def _problem(description: str, example: Node, **headers: Node) -> Node:
    return {
        "description": description,
        "headers": {"Cache-Control": ref("headers", "CacheControl"), **headers},
        "content": {
            "application/problem+json": {"schema": ref("schemas", "Problem"), "example": example},
            "text/html": {
                "schema": {"type": "string"},
                "example": "<!doctype html><title>Not Found</title>",
            },
        },
    }


def _example(status: int, title: str, code: str, detail: str, **more: object) -> Node:
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "instance": "/feeds/all.json",
        **more,
    }


COMPONENT_RESPONSES: Final[Node] = {
    "NotModified": {"description": "You have it already.", "headers": _KEPT},
    "Moved": {
        "description": "The feed has another address: this was another spelling, or it moved.",
        "headers": {
            "Location": ref("headers", "Location"),
            "Cache-Control": ref("headers", "CacheControl"),
        },
    },
    "BadRequest": _problem(
        "The question is malformed, or names what nobody knows.",
        _example(
            400,
            "Bad Request",
            "unknown-category",
            "there is no category 'fish'",
            hint="Give a known slug, title or alias, in any case.",
            known=["technology", "tts"],
        ),
    ),
    "Unauthorized": _problem(
        "A token is wanted.",
        _example(401, "Unauthorized", "unauthorized", "the metrics want a token"),
        **{"WWW-Authenticate": ref("headers", "WWWAuthenticate")},
    ),
    "HookRefused": _problem(
        "Nothing is shown, or it was not made with the secret of the source.",
        _example(401, "Unauthorized", "unauthorized", "this wants a token"),
        **{"WWW-Authenticate": ref("headers", "WWWAuthenticate")},
    ),
    "TokenWanted": _problem(
        "No token is shown, or it is not good (any more).",
        _example(401, "Unauthorized", "unauthorized", "this wants a token"),
        **{"WWW-Authenticate": ref("headers", "WWWAuthenticate")},
    ),
    "Forbidden": _problem(
        "The token is of another role.",
        _example(403, "Forbidden", "forbidden", "this is not for the role partner"),
        **{"WWW-Authenticate": ref("headers", "WWWAuthenticate")},
    ),
    "Conflict": _problem(
        "It contradicts what is there: the same subscription exists, whose id is in `known`, "
        "there are as many as a token may have, or nothing is sent to it since it is disabled.",
        _example(
            409,
            "Conflict",
            "already-subscribed",
            "this subscription exists already: sub_3f2a9c1b5d7e8f60",
            known=["sub_3f2a9c1b5d7e8f60"],
        ),
    ),
    "UnsupportedMediaType": _problem(
        "The body is not `application/json`.",
        _example(
            415,
            "Unsupported Media Type",
            "unsupported-media-type",
            "the body is text/plain, not application/json",
        ),
    ),
    "Invalid": _problem(
        "Fields are wrong; `errors` names all of them.",
        _example(
            422,
            "Unprocessable Content",
            "wrong-fields",
            "2 fields are wrong",
            errors=[
                {
                    "pointer": "#/url",
                    "code": "forbidden-scheme",
                    "detail": "the scheme is 'http', not https",
                    "hint": "Use https. [delivery] allow_http = true would allow http.",
                },
                {
                    "pointer": "#/selection/categories/0",
                    "code": "unknown-category",
                    "detail": "there is no category 'fish'",
                    "known": ["technology", "tts"],
                },
            ],
        ),
    ),
    "NotFound": _problem(
        "Nothing is called so; where there is a list of what is, it is given.",
        _example(
            404,
            "Not Found",
            "unknown-feed",
            "there is no feed called 'fish'",
            hint="Choose one of the known names, or narrow `all` by query.",
            known=["all", "carousel", "technology", "tts"],
        ),
    ),
    "Gone": _problem(
        "It was here and will not come back: stop asking.",
        _example(410, "Gone", "gone", "what was at /feeds/old.json has been withdrawn"),
    ),
    "TooManyRequests": _problem(
        "You asked more often than the operator allows.",
        _example(
            429,
            "Too Many Requests",
            "too-many-requests",
            "more than 600 requests came within a minute",
        ),
        **{"Retry-After": ref("headers", "RetryAfter")},
    ),
    "CursorGone": _problem(
        "The cursor is from a database that was put back or replaced: begin anew.",
        _example(
            410,
            "Gone",
            "cursor-gone",
            "the cursor is from another database than the one that is served from now",
            hint="Ask without after, and replace all you have by what the pages hold.",
        ),
    ),
    "Unavailable": _problem(
        "Not ready yet, or not for the moment.",
        _example(503, "Service Unavailable", "not-ready", "no edition has been made yet"),
        **{"Retry-After": ref("headers", "RetryAfter")},
    ),
    "NotReady": {
        "description": "Starting or stopping.",
        "headers": {
            "Cache-Control": ref("headers", "CacheControl"),
            "Retry-After": ref("headers", "RetryAfter"),
        },
        "content": {"application/json": {"schema": ref("schemas", "Readiness")}},
    },
    "Problem": _problem(
        "Whatever else may go wrong, among it: no coding is acceptable (406), a body is too "
        "slow (408) or too long (413), the address (414) or the header fields (431) are too long.",
        _example(414, "URI Too Long", "uri-too-long", "the address is longer than 8,192 bytes"),
    ),
}


_STATUSES: Final = {
    "NotModified": "304",
    "Moved": "308",
    "BadRequest": "400",
    "Unauthorized": "401",
    "HookRefused": "401",
    "TokenWanted": "401",
    "Forbidden": "403",
    "Conflict": "409",
    "UnsupportedMediaType": "415",
    "Invalid": "422",
    "NotFound": "404",
    "Gone": "410",
    "CursorGone": "410",
    "Unavailable": "503",
    "NotReady": "503",
}


def answers(answer: Node, *names: str) -> Node:
    """Return ``answer`` as 200, those called ``names``, and what may go wrong anywhere."""
    return {"200": answer, **problems(*names)}


def unlimited(answer: Node, *names: str) -> Node:
    """Return the same for what may be asked however often."""
    return {status: said for status, said in answers(answer, *names).items() if status != "429"}


def problems(*names: str) -> Node:
    """Return the answers called ``names``, and what may go wrong anywhere."""
    return {
        **{_STATUSES[name]: ref("responses", name) for name in names},
        "429": ref("responses", "TooManyRequests"),
        "default": ref("responses", "Problem"),
    }
