"""The hub: a form in, plain text out (W3C WebSub section 5.1)."""

from typing import Final

from syndicate.web.openapi.answers import fresh
from syndicate.web.openapi.node import Node, ref
from syndicate.web.openapi.shape import TEXT, URL, described, members

_TOPIC: Final = described(URL, "The address that a feed calls self.")
_MODE: Final = described(
    {"type": "string", "enum": ["subscribe", "unsubscribe", "publish"]},
    "`publish` is answered 204 and does nothing: these feeds are followed anyway.",
)
_FORM: Final = members(
    "What is asked; other fields do not matter.",
    {"hub.mode": _MODE, "hub.topic": _TOPIC},
    {
        "hub.callback": described(URL, "Where to ask and to tell; not for `publish`."),
        "hub.secret": described(
            {"type": "string", "maxLength": 199}, "Signs what is told: `X-Hub-Signature: sha256=…`."
        ),
        "hub.lease_seconds": described(
            {"type": "integer", "minimum": 1}, "For how long; how long it is, the callback is told."
        ),
    },
    additionalProperties=True,
)


def _refusal(description: str, example: str, **headers: Node) -> Node:
    return {
        "description": description,
        "headers": {"Cache-Control": ref("headers", "CacheControl"), **headers},
        "content": {"text/plain": {"schema": TEXT, "example": example}},
    }


_LATER: Final = {"Retry-After": ref("headers", "RetryAfter")}

HUB_PATHS: Final[Node] = {
    "/hub": {
        "post": {
            "tags": ["feeds"],
            "operationId": "hub",
            "summary": "Be told when a feed changes (WebSub)",
            "description": "The callback is asked to confirm, and then told the whole feed with "
            "each change of it, as it is served, until its lease is over.",
            "requestBody": {
                "required": True,
                "content": {
                    "application/x-www-form-urlencoded": {
                        "schema": _FORM,
                        "example": {
                            "hub.mode": "subscribe",
                            "hub.topic": "https://feeds.example.gov/feeds/technology.atom",
                            "hub.callback": "https://reader.example/websub/7f3a",
                            "hub.secret": "only we two know this",
                        },
                    }
                },
            },
            "responses": {
                "202": fresh(
                    "The callback will be asked.",
                    "text/plain",
                    TEXT,
                    "The callback will be asked to confirm.\n",
                ),
                "204": {
                    "description": "Noted.",
                    "headers": {"Cache-Control": ref("headers", "CacheControl")},
                },
                "400": _refusal("The form is malformed.", "hub.callback is missing\n"),
                "404": _refusal(
                    "The topic is no feed here, or there is nothing to unsubscribe.",
                    "'https://www.example.gov/' is not the address of a feed here\n",
                ),
                "422": _refusal(
                    "Nothing may be sent to the callback.",
                    "the callback is not accepted\n"
                    "Use an https URL with a public host name and the usual port, without user "
                    "name, password or fragment; the operator's log has the reason.\n",
                ),
                "429": _refusal(
                    "Too many requests of this client, for this callback's host or in all wait for "
                    "verification or failed it, or there are too many subscriptions.",
                    "too many requests for this callback's host wait for verification\n",
                    **_LATER,
                ),
                "503": _refusal(
                    "Not for the moment.", "the first edition is being made\n", **_LATER
                ),
                "default": _refusal(
                    "Whatever else may go wrong, among it: another type than that of a form (415), "
                    "one that is too slow (408) or too long (413).",
                    "the body is longer than 16,384 bytes\n",
                ),
            },
        }
    }
}
