"""The description of the interface (OpenAPI 3.1): every path, question, answer and field."""

from syndicate.model.feed import Masthead
from syndicate.web.openapi.answers import COMPONENT_HEADERS, COMPONENT_RESPONSES
from syndicate.web.openapi.node import Node
from syndicate.web.openapi.parameters import COMPONENT_PARAMETERS
from syndicate.web.openapi.partners import PARTNER_SCHEMAS
from syndicate.web.openapi.paths import PATHS
from syndicate.web.openapi.schemas import COMPONENT_SCHEMAS
from syndicate.web.openapi.security import SECURITY_SCHEMES

__all__ = ["description"]

_ABOUT = """\
Posts of agencies to build on, without a key and from any site: feeds for feed readers, and the
same posts as JSON for programs.

Every list takes the same questions: `category`, `source`, `language`, `carousel`, and pages by
`limit` and `after`. Follow `next_url` (or the `Link` header) until there is none. Send back the
`ETag` you got: while nothing changed, the answer is a short 304. To keep a copy, ask
`/v1/changes` and remember its `next_url`. Errors are problem details
(RFC 9457) with a stable `code`."""


def description(masthead: Masthead) -> Node:
    """Return the OpenAPI document of the service that ``masthead`` names."""
    contact = masthead.contact
    kind = "url" if ":" in contact else "email"
    return {
        "openapi": "3.1.1",
        "info": {
            "title": masthead.title,
            "version": masthead.version,
            "summary": "Feeds and posts, narrowed as you need them.",
            "description": _ABOUT,
            **({"contact": {kind: contact}} if contact else {}),
        },
        "servers": [{"url": masthead.public_url}],
        "externalDocs": {"description": "About these feeds", "url": masthead.url("/about")},
        "tags": [
            {"name": "feeds", "description": "For feed readers."},
            {"name": "posts", "description": "For programs."},
            {"name": "partners", "description": "For who is told of changes by webhooks."},
            {"name": "pages", "description": "For people."},
            {"name": "discovery", "description": "For machines that look around."},
            {"name": "operation", "description": "For operators."},
        ],
        "paths": PATHS,
        "components": {
            "parameters": COMPONENT_PARAMETERS,
            "headers": COMPONENT_HEADERS,
            "responses": COMPONENT_RESPONSES,
            "schemas": {**COMPONENT_SCHEMAS, **PARTNER_SCHEMAS},
            "securitySchemes": SECURITY_SCHEMES,
        },
    }
