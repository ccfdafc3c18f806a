"""The OpenAPI document of this service, and its operations for the API reference."""

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, Final

import yaml

from syndicate.model.event import BODY_SCHEMA
from syndicate.model.feed import ServiceInfo
from syndicate.render.pages.developer_pages import (
    ApiGroup,
    ApiOperation,
    ApiParameter,
    ApiResponse,
)

EVENT_SCHEMA_PATH: Final = f"/schemas/event-{BODY_SCHEMA}.json"


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


def event_schema(service_info: ServiceInfo) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of webhook bodies and of items of ``/v1/changes``.

    It is made of the OpenAPI document, whose objects are closed; here they are open, since fields
    are added within a number of the schema.
    """
    schemas = openapi_document(service_info)["components"]["schemas"]
    bodies = ("WebhookEvent", "WebhookTest", "Change")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": service_info.url(EVENT_SCHEMA_PATH),
        "title": f"Webhook bodies, schema {BODY_SCHEMA}",
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in bodies],
        "$defs": {name: _open_schema(schema) for name, schema in schemas.items()},
    }


def _open_schema(value: object) -> object:
    """Return a schema that allows additional properties and refers to ``$defs``."""
    if isinstance(value, list):
        return [_open_schema(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: each.replace("#/components/schemas/", "#/$defs/")
        if name == "$ref"
        else _open_schema(each)
        for name, each in value.items()
        if (name, each) != ("additionalProperties", False)
    }


def api_groups(document: Mapping[str, Any]) -> tuple[ApiGroup, ...]:
    """Return the operations of an OpenAPI document by tag, in the order of the document."""
    operations: dict[str, list[ApiOperation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in [*document["paths"].items(), *document["webhooks"].items()]:
        for method, operation in item.items():
            operations[operation["tags"][0]].append(_operation(document, path, method, operation))
    return tuple(
        ApiGroup(
            name=tag["name"],
            description=tag["description"],
            operations=tuple(operations[tag["name"]]),
        )
        for tag in document["tags"]
    )


def api_parameters(document: Mapping[str, Any], path: str) -> tuple[ApiParameter, ...]:
    """Return the parameters in the query of GET ``path``."""
    operation = _operation(document, path, "get", document["paths"][path]["get"])
    return tuple(each for each in operation.parameters if each.location == "query")


def _operation(
    document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]
) -> ApiOperation:
    parameters = [_resolve(document, each) for each in operation.get("parameters", ())]
    return ApiOperation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=_paragraphs(operation.get("description", "")),
        needs_token=bool(operation.get("security")) and {} not in operation["security"],
        parameters=tuple(
            ApiParameter(
                name=each["name"],
                location=each["in"],
                description=" ".join(_paragraphs(each["description"])),
            )
            for each in parameters
        ),
        responses=tuple(
            ApiResponse(status=status, description=" ".join(_paragraphs(each["description"])))
            for status, response in operation["responses"].items()
            for each in [_resolve(document, response)]
        ),
    )


def _resolve(document: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a reference (``$ref``) refers to, or the value itself."""
    reference = value.get("$ref")
    if reference is None:
        return value
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    resolved: Mapping[str, Any] = found
    return resolved


def _paragraphs(text: str) -> Sequence[str]:
    return [" ".join(part.split()) for part in text.replace("`", "").split("\n\n") if part.strip()]
