"""The OpenAPI description of this service, made from openapi.yaml and the settings."""

from importlib import resources
from typing import Any

import yaml

from syndicate.model.feed import Masthead


def openapi_document(masthead: Masthead) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document with the title, version, contact and URL of this service.

    Reading the file takes about 50 ms: call it when the document is first requested.
    """
    text = resources.files("syndicate.web").joinpath("openapi.yaml").read_bytes()
    document: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    info = document["info"]
    info.update(title=masthead.title, version=masthead.version)
    contact = masthead.contact
    if contact:
        info["contact"] = {"url" if ":" in contact else "email": contact}
    else:
        del info["contact"]
    document["servers"] = [{"url": masthead.public_url}]
    document["externalDocs"]["url"] = masthead.url("/about")
    return document
