"""The OpenAPI document of this service: openapi.yaml with values from the settings."""

from importlib import resources
from typing import Any

import yaml

from syndicate.model.feed import ServiceInfo


def openapi_document(service_info: ServiceInfo) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document with the title, version, contact and URL of this service.

    Reading the file takes about 50 ms: call it when the document is first requested.
    """
    text = resources.files("syndicate.web").joinpath("openapi.yaml").read_bytes()
    document: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    info = document["info"]
    info.update(title=service_info.title, version=service_info.version)
    contact = service_info.contact
    if contact:
        info["contact"] = {"url" if ":" in contact else "email": contact}
    else:
        del info["contact"]
    document["servers"] = [{"url": service_info.public_url}]
    document["externalDocs"]["url"] = service_info.url("/about")
    return document
