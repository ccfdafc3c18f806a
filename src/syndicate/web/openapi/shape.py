"""The shapes that schemas are made of."""

from typing import Final

from syndicate.web.openapi.node import Node, ref

TEXT: Final = {"type": "string"}
URL: Final = {"type": "string", "format": "uri"}
MOMENT: Final = {"type": "string", "format": "date-time"}
DAY: Final = {"type": "string", "format": "date"}
COUNT: Final = {"type": "integer", "minimum": 0}


def or_null(schema: Node) -> Node:
    """Return ``schema``, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def listed(schema: Node) -> Node:
    """Return a list of ``schema``."""
    return {"type": "array", "items": schema}


def members(description: str, required: Node, optional: Node | None = None, **more: object) -> Node:
    """Return an object of ``required`` and ``optional`` properties, and of no others."""
    return {
        "type": "object",
        "description": description,
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
        **more,
    }


def page(of: str, what: str) -> Node:
    """Return a page of the schema called ``of``."""
    return members(
        f"A page of {what}.",
        {
            "items": listed(ref("schemas", of)),
            "next_url": {
                **or_null(URL),
                "description": "The page after this one; null on the last.",
            },
        },
    )


def described(schema: Node, description: str) -> Node:
    """Return ``schema`` with what it means."""
    return {**schema, "description": description}
