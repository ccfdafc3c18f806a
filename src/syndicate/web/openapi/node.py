"""What an OpenAPI document is made of: JSON objects, and references among them."""

from collections.abc import Mapping

Node = Mapping[str, object]
"""An object of the document."""


def ref(kind: str, name: str) -> Node:
    """Return a reference to ``name`` among the components of a ``kind``."""
    return {"$ref": f"#/components/{kind}/{name}"}
