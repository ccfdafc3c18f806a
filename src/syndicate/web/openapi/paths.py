"""The paths: what each answers, to which questions."""

from collections.abc import Iterable
from typing import Final

from syndicate.formats import FORMATS, Format
from syndicate.web.openapi import examples
from syndicate.web.openapi.answers import answers, fresh, kept, problems, undated, unlimited
from syndicate.web.openapi.hub import HUB_PATHS
from syndicate.web.openapi.node import Node, ref
from syndicate.web.openapi.parameters import CONDITIONS, FOLLOWING, SELECTION
from syndicate.web.openapi.partners import PARTNER_PATHS
from syndicate.web.openapi.security import HOOK_SCHEMES

_STRING: Final = {"type": "string"}
_NAME: Final = ref("parameters", "name")
_KEY: Final = ref("parameters", "key")
_FEED: Final = ("NotModified", "Moved", "BadRequest", "NotFound", "Gone", "Unavailable")
_ONE: Final = ("NotModified", "Moved", "NotFound", "Unavailable")
_KEPT: Final = ("NotModified", "Unavailable")


def _get(
    tag: str,
    operation: str,
    summary: str,
    responses: Node,
    parameters: Iterable[Node] = (),
) -> Node:
    return {
        "get": {
            "tags": [tag],
            "operationId": operation,
            "summary": summary,
            "parameters": list(parameters),
            "responses": responses,
        }
    }


def _feed(form: Format) -> Node:
    is_json = form.name == "json"
    answer = kept(
        "The feed.",
        form.media_type.partition(";")[0],
        ref("schemas", "Feed") if is_json else _STRING,
        examples.FEED if is_json else None,
    )
    return _get(
        "feeds",
        f"feed_{form.name}",
        f"A feed as {form.title}",
        answers(answer, *_FEED),
        (_NAME, *SELECTION, *CONDITIONS),
    )


def _page(operation: str, summary: str, wrong: Iterable[str], *parameters: Node) -> Node:
    responses = answers(kept("The page.", "text/html", _STRING), *wrong)
    return _get("pages", operation, summary, responses, (*parameters, *CONDITIONS))


def _found(operation: str, summary: str, media_type: str) -> Node:
    schema = {"type": "object"} if media_type == "application/json" else _STRING
    responses = answers(kept(f"{summary}.", media_type, schema), *_KEPT)
    return _get("discovery", operation, summary, responses, CONDITIONS)


def _text(operation: str, summary: str, *wrong: str) -> Node:
    responses = answers(fresh(f"{summary}.", "text/plain", _STRING), *wrong)
    return _get("discovery", operation, summary, responses)


def _state(operation: str, summary: str, schema: str, example: Node, *wrong: str) -> Node:
    answer = fresh(f"{summary}.", "application/json", ref("schemas", schema), example)
    return _get("operation", operation, summary, unlimited(answer, *wrong))


def _listed(schema: str, example: Node) -> Node:
    return kept("The page.", "application/json", ref("schemas", schema), example)


_FEEDS: Final = {f"/feeds/{{name}}.{form.name}": _feed(form) for form in FORMATS.values()}

_POSTS: Final = {
    "/v1/posts": _get(
        "posts",
        "posts",
        "Posts, newest first",
        answers(_listed("PostPage", examples.POSTS), "NotModified", "BadRequest", "Unavailable"),
        (*SELECTION, *CONDITIONS),
    ),
    "/v1/posts/{key}": _get(
        "posts",
        "post",
        "One post",
        answers(
            kept("The post.", "application/json", ref("schemas", "Item"), examples.ITEM), *_ONE
        ),
        (_KEY, *CONDITIONS),
    ),
    "/v1/changes": _get(
        "posts",
        "changes",
        "What was published, updated and removed, for copies",
        answers(
            undated(
                "What follows the cursor. Put each post into your copy by its id, or take it out, "
                "in this order; then you have exactly what `/v1/posts` has. An update may be of a "
                "post that you do not have yet, a removal of one that you never had.",
                "application/json",
                ref("schemas", "ChangePage"),
                examples.CHANGES,
            ),
            *("NotModified", "BadRequest", "CursorGone", "Unavailable"),
        ),
        (*FOLLOWING, CONDITIONS[0]),
    ),
    "/v1/categories": _get(
        "posts",
        "categories",
        "Every known category",
        answers(_listed("CategoryPage", examples.CATEGORIES), *_KEPT),
        CONDITIONS,
    ),
    "/v1/sources": _get(
        "posts",
        "sources",
        "Every source",
        answers(_listed("SourcePage", examples.SOURCES), *_KEPT),
        CONDITIONS,
    ),
}

_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_ASSET: Final = {
    **kept("The file.", "image/*", _STRING),
    "content": {f"{kind}/*": _BINARY for kind in ("audio", "image", "video")},
}
_ASSETS: Final = {
    "/assets/{source}/{path}": _get(
        "posts",
        "asset",
        "A picture, sound or film that a post shows, of a source that has them served",
        answers(_ASSET, *_ONE),
        (
            ref("parameters", "sourceName"),
            ref("parameters", "path"),
            ref("parameters", "version"),
            ref("parameters", "ifNoneMatch"),
        ),
    )
}

_PAGES: Final = {
    "/": _page("directory", "Every feed there is", _KEPT),
    "/about": _page("about", "What this is, and what may be done with it", _KEPT),
    "/feeds": _get("pages", "feeds", "The directory, by a shortened address", problems("Moved")),
    "/feeds/{name}": _page("feed_page", "A feed to read", _FEED, _NAME, *SELECTION),
    "/posts/{key}": _page("post_page", "A post as it is syndicated", _ONE, _KEY),
}

_DISCOVERY: Final = {
    "/opml": _found("opml", "Every feed in every format (OPML 2.0)", "text/x-opml"),
    "/sitemap.xml": _found("sitemap", "Every page, for search engines", "application/xml"),
    "/openapi.json": _found("openapi", "This description", "application/json"),
    "/robots.txt": _text("robots", "What robots may do"),
    "/.well-known/security.txt": _text(
        "security", "Whom to tell of a weakness (RFC 9116)", "NotFound"
    ),
}

_OPERATION: Final = {
    "/healthz": _state("alive", "Whether the service answers", "State", {"status": "ok"}),
    "/readyz": _state(
        "ready",
        "Whether readers may come, and what fails",
        "Readiness",
        examples.READINESS,
        "NotReady",
    ),
    "/v1/sources/{source}/refresh": {
        "post": {
            "tags": ["operation"],
            "operationId": "refresh",
            "summary": "A push hook: the source is looked at now",
            "description": "For GitHub, GitLab, Gitea and Forgejo, or with a token of the role "
            "`admin`. The body counts for its signature only: git itself says what is new.",
            "security": [{scheme: []} for scheme in (*HOOK_SCHEMES, "token")],
            "parameters": [ref("parameters", "sourceName")],
            "responses": {
                "202": fresh(
                    "It is looked at, or will be as soon as the look is over that is under way.",
                    "application/json",
                    ref("schemas", "Accepted"),
                    examples.ACCEPTED,
                ),
                **problems("HookRefused", "Forbidden", "NotFound", "Unavailable"),
            },
        }
    },
    "/metrics": {
        "get": {
            "tags": ["operation"],
            "operationId": "metrics",
            "summary": "What an operator watches, as Prometheus reads it",
            "security": [{}, {"metrics": []}],
            "responses": answers(fresh("The metrics.", "text/plain", _STRING), "Unauthorized"),
        }
    },
}

PATHS: Final[Node] = {
    **_FEEDS,
    **HUB_PATHS,
    **_POSTS,
    **PARTNER_PATHS,
    **_ASSETS,
    **_PAGES,
    **_DISCOVERY,
    **_OPERATION,
}
