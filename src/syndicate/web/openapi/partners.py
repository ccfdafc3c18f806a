"""The rooms for who shows a token: subscriptions, the delivery log, problems of a source."""

from typing import Final, get_args

from syndicate.model.delivery import State as DeliveryState
from syndicate.model.delivery import Trigger
from syndicate.model.subscription import EVENT_TYPES, Payload, State
from syndicate.model.wish import WishedState
from syndicate.web.openapi import examples
from syndicate.web.openapi.answers import fresh, problems
from syndicate.web.openapi.node import Node, ref
from syndicate.web.openapi.shape import (
    COUNT,
    MOMENT,
    TEXT,
    URL,
    described,
    listed,
    members,
    or_null,
    page,
)

_FLAG: Final = {"type": "boolean"}


def _choice(values: tuple[str, ...]) -> Node:
    return {"type": "string", "enum": list(values)}


_SELECTION: Final = {
    "categories": described(listed(TEXT), "Slugs, titles or aliases; slugs in answers."),
    "match": described(_choice(("any", "all")), "Which of the categories a post must have."),
    "carousel": described(or_null(_FLAG), "In the carousel, not in it, or either."),
    "sources": listed(TEXT),
    "languages": described(listed(TEXT), "`es` means `es-PR` too."),
}

_WISHES: Final = {
    "url": described(URL, "Where to send."),
    "selection": described(
        ref("schemas", "Selection"), "Which posts; what is left out is not asked for."
    ),
    "types": {**listed(_choice(EVENT_TYPES)), "minItems": 1},
    "minor": described(_FLAG, "Whether to tell of updates that readers would hardly notice."),
    "payload": described(
        _choice(get_args(Payload)), "The whole item, or only which post it is about."
    ),
}
_BACKFILL: Final = described(_FLAG, "Whether everything live was told at the beginning.")

_ATTEMPT: Final = members(
    "One try to deliver.",
    {
        "number": COUNT,
        "trigger": _choice(get_args(Trigger)),
        "started": MOMENT,
        "took_ms": COUNT,
        "address": described(TEXT, "The one that was dialled; empty if none was."),
        "status": or_null({"type": "integer"}),
        "answer": described(TEXT, "The first bytes of it; forgotten after a week."),
        "error": described(TEXT, "What went wrong; empty if nothing did."),
    },
)

_SUBSCRIPTION: Final = {
    "id": described(TEXT, "`sub_…`, as in the header `syndicate-subscription`."),
    **_WISHES,
    "backfill": _BACKFILL,
    "state": _choice(get_args(State)),
    "state_reason": described(TEXT, "Why it is suspended or disabled; empty otherwise."),
    "pending": described(COUNT, "How many deliveries wait."),
    "last_attempt": or_null(ref("schemas", "Attempt")),
}

_DELIVERY: Final = {
    "id": TEXT,
    "subscription": TEXT,
    "event": described(TEXT, "The `webhook-id`."),
    "seq": COUNT,
    "state": _choice(get_args(DeliveryState)),
    "trigger": _choice(get_args(Trigger)),
    "attempts": described(COUNT, "How many there were."),
    "due": described(MOMENT, "When it is tried next, or was at last."),
    "last_status": or_null({"type": "integer"}),
    "last_error": TEXT,
}

PARTNER_SCHEMAS: Final[Node] = {
    "Selection": members("Which posts.", {}, _SELECTION),
    "Subscription": members("Who hears of what, and how well that goes.", _SUBSCRIPTION),
    "NewSubscription": members(
        "A subscription with its secret, which is shown this once.",
        {**_SUBSCRIPTION, "secret": {"type": "string", "pattern": "^whsec_"}},
    ),
    "SubscriptionPage": page("Subscription", "subscriptions"),
    "Creation": members(
        "What is wished; by default every event of every post, whole.",
        {"url": _WISHES["url"]},
        {**{name: wish for name, wish in _WISHES.items() if name != "url"}, "backfill": _BACKFILL},
    ),
    "Amendment": members(
        "What is to be different.", {}, {**_WISHES, "state": _choice(get_args(WishedState))}
    ),
    "Attempt": _ATTEMPT,
    "Delivery": members("An event on its way to a subscription.", _DELIVERY),
    "LoggedDelivery": members(
        "A delivery with its log.", {**_DELIVERY, "attempts": listed(ref("schemas", "Attempt"))}
    ),
    "DeliveryPage": page("Delivery", "deliveries"),
    "Recovered": members("What is sent.", {"deliveries": COUNT}),
    "SourceProblem": members(
        "Something an editor should know; lines and columns count from 1, 0 is none.",
        {
            "path": TEXT,
            "line": COUNT,
            "column": COUNT,
            "level": _choice(("error", "warning", "notice")),
            "code": described(TEXT, "The rule."),
            "message": TEXT,
            "hint": TEXT,
        },
    ),
    "SourceProblemPage": page("SourceProblem", "problems"),
}

_ID: Final = ref("parameters", "id")
_PAGING: Final = (ref("parameters", "limit"), ref("parameters", "after"))
_ANYONE: Final = ("TokenWanted", "Unavailable")
_ONE: Final = (*_ANYONE, "NotFound")
_WRITING: Final = ("BadRequest", "Conflict", "UnsupportedMediaType", "Invalid")


def _operation(
    operation: str, summary: str, responses: Node, *parameters: Node, tag: str = "partners"
) -> Node:
    return {
        "tags": [tag],
        "operationId": operation,
        "summary": summary,
        "security": [{"token": []}],
        "parameters": list(parameters),
        "responses": responses,
    }


def _answered(status: str, schema: str, example: Node, *wrong: str) -> Node:
    said = fresh("So it is.", "application/json", ref("schemas", schema), example)
    return {status: said, **problems(*wrong)}


def _body(schema: str, example: Node) -> Node:
    content = {"application/json": {"schema": ref("schemas", schema), "example": example}}
    return {"required": True, "content": content}


def _created() -> Node:
    said = fresh(
        "It is made.",
        "application/json",
        ref("schemas", "NewSubscription"),
        examples.NEW_SUBSCRIPTION,
    )
    headers = {
        "Cache-Control": ref("headers", "CacheControl"),
        "Location": ref("headers", "Location"),
    }
    return {"201": {**said, "headers": headers}, **problems(*_ANYONE, *_WRITING)}


PARTNER_PATHS: Final[Node] = {
    "/v1/subscriptions": {
        "get": _operation(
            "subscriptions",
            "Your subscriptions, the oldest first; an administrator sees all",
            _answered("200", "SubscriptionPage", examples.SUBSCRIPTIONS, *_ANYONE, "BadRequest"),
            *_PAGING,
        ),
        "post": {
            **_operation("subscribe", "Subscribe an endpoint", _created()),
            "requestBody": _body("Creation", examples.CREATION),
        },
    },
    "/v1/subscriptions/{id}": {
        "get": _operation(
            "subscription",
            "One subscription",
            _answered("200", "Subscription", examples.SUBSCRIPTION, *_ONE),
            _ID,
        ),
        "patch": {
            **_operation(
                "amend",
                "Pause, resume or change it; what another selection means is told as events",
                _answered("200", "Subscription", examples.SUBSCRIPTION, *_ONE, *_WRITING),
                _ID,
            ),
            "requestBody": _body("Amendment", examples.AMENDMENT),
        },
        "delete": _operation(
            "unsubscribe",
            "Remove it with all that is on its way to it",
            {"204": {"description": "It is gone."}, **problems(*_ONE)},
            _ID,
        ),
    },
    "/v1/subscriptions/{id}/test": {
        "post": _operation(
            "test",
            "Send a signed `subscription.test` at once; the answer says what came of it",
            _answered("200", "Attempt", examples.ATTEMPT, *_ONE),
            _ID,
        )
    },
    "/v1/subscriptions/{id}/rotate-secret": {
        "post": _operation(
            "rotate",
            "Make a new secret; the old one signs as well for 24 hours",
            _answered("200", "NewSubscription", examples.NEW_SUBSCRIPTION, *_ONE),
            _ID,
        )
    },
    "/v1/subscriptions/{id}/recover": {
        "post": _operation(
            "recover",
            "Be told what changed since a time, or everything live",
            _answered("202", "Recovered", {"deliveries": 3}, *_ONE, "BadRequest", "Conflict"),
            _ID,
            ref("parameters", "since"),
        )
    },
    "/v1/subscriptions/{id}/deliveries": {
        "get": _operation(
            "deliveries",
            "What was and is on its way, the newest first",
            _answered("200", "DeliveryPage", examples.DELIVERIES, *_ONE, "BadRequest"),
            _ID,
            *_PAGING,
        )
    },
    "/v1/deliveries/{id}": {
        "get": _operation(
            "delivery",
            "A delivery with every attempt",
            _answered("200", "LoggedDelivery", examples.LOGGED_DELIVERY, *_ONE),
            _ID,
        )
    },
    "/v1/deliveries/{id}/replay": {
        "post": _operation(
            "replay",
            "Send it again, with the same `webhook-id`",
            _answered("202", "Delivery", examples.DELIVERY, *_ONE),
            _ID,
        )
    },
    "/v1/sources/{source}/problems": {
        "get": _operation(
            "problems",
            "What the editors of a source should look at, by path and line",
            _answered(
                "200", "SourceProblemPage", examples.PROBLEMS, *_ONE, "BadRequest", "Forbidden"
            ),
            ref("parameters", "sourceName"),
            *_PAGING,
            tag="operation",
        )
    },
}
