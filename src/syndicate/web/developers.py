"""Pages for developers of partner sites: URLs, embeds, webhooks, limits and the API reference."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from html import escape
from importlib import resources
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.feeds import Representation, make_representation
from syndicate.feeds.formats.link import Link
from syndicate.model.edition import ALL, Edition
from syndicate.model.feed import FeedLocation, ServiceInfo
from syndicate.model.query import DEFAULT_LIMIT, MAX_LIMIT, Query
from syndicate.model.webhook_signature import Secret, sign
from syndicate.render.pages.developer_pages import (
    CodeSample,
    DeveloperPage,
    api_reference_page,
    copy_script,
    developers_page,
)
from syndicate.render.pages.embed_pages import EmbedOptions
from syndicate.render.pages.html_pages import content_security_policy
from syndicate.web.context import BuildDocument, WebContext, service_links
from syndicate.web.embeds import MAX_EMBED_POSTS, embed_path, parse_embed
from syndicate.web.html_responses import feed_links
from syndicate.web.openapi import api_groups, api_parameters, openapi_document

_MAX_FEEDS: Final = 50
"""Feeds of each kind in the form; others can be written into the URL."""

_SAMPLE_SECRET: Final = Secret(key=b"an example key of 32 bytes, only")
_SAMPLE_TIME: Final = datetime(2024, 1, 30, 14, 12, 45, tzinfo=UTC)
_SAMPLE_EVENT: Final = "evt_5d7e8f603f2a9c1b5d7e8f603f2a9c1b"
_SAMPLES: Final = (
    ("python", "Python", "py", "PORT=8080 python3 receiver.py"),
    ("php", "PHP", "php", "php -S 127.0.0.1:8080 receiver.php"),
    ("node", "Node", "mjs", "PORT=8080 node receiver.mjs"),
)
"""Name, title, suffix of files, and the command that runs the receiver."""
_FORM_FIELDS: Final = ("feed", "category", "carousel", "language", "limit")


@dataclass(frozen=True)
class Developers:
    """Handles /developers."""

    context: WebContext

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/developers", self.developers),
            Route("/developers/api", self.api_reference),
        ]

    async def developers(self, request: Request) -> Response:
        """Respond with the page that the parameters of the form ask for."""
        pairs = request.query_params.multi_items()
        edition = self.context.edition
        query, options = parse_embed(pairs, edition)
        form = {name: request.query_params.get(name, "").strip() for name in _FORM_FIELDS}
        form["feed"] = edition.feed(form["feed"] or ALL).name
        if not form["limit"]:
            query = replace(query, limit=DEFAULT_LIMIT)

        async def build(edition: Edition) -> Representation:
            page = self._page(edition, form, query, options)
            return self._html(developers_page(self.context.service_info, page), "/developers")

        key = ("/developers", *form.values(), query.canonical(), repr(options))
        return await self._respond(request, key, build, script=copy_script())

    async def api_reference(self, request: Request) -> Response:
        """Respond with the description of every operation, made of openapi.yaml."""

        async def build(_: Edition) -> Representation:
            text = api_reference_page(self.context.service_info, api_groups(self._openapi))
            return self._html(text, "/developers/api")

        return await self._respond(request, ("/developers/api",), build)

    async def _respond(
        self, request: Request, key: tuple[str, ...], build: BuildDocument, script: str = ""
    ) -> Response:
        headers = {
            "Content-Security-Policy": content_security_policy(
                self.context.service_info, frames_own_pages=True, script=script
            )
        }
        return await self.context.respond_with_document(request, key, build, headers)

    def _html(self, text: str, path: str) -> Representation:
        service_info = self.context.service_info
        return make_representation(
            text.encode(),
            media_type="text/html; charset=utf-8",
            last_modified=None,
            links=[
                Link(rel="canonical", href=service_info.url(path)),
                *service_links(service_info),
            ],
        )

    @cached_property
    def _openapi(self) -> dict[str, Any]:
        return openapi_document(self.context.service_info)

    def _page(
        self, edition: Edition, form: Mapping[str, str], query: Query, options: EmbedOptions
    ) -> DeveloperPage:
        service_info = self.context.service_info
        location = FeedLocation(form["feed"], query.canonical())
        embed = service_info.url(embed_path(FeedLocation(form["feed"])))
        parameters = _embed_parameters(form, options)
        embed_url = f"{embed}?{urlencode(parameters)}" if parameters else embed
        body = _sample_body(self._openapi)
        return DeveloperPage(
            form=form,
            options=options,
            feeds=_feed_choices(edition),
            links=feed_links(self.context, location),
            parameters=api_parameters(self._openapi, "/feeds/{name}.json"),
            embed_url=embed_url,
            embed_iframe=_iframe_code(embed_url, edition.feed(form["feed"]).title),
            embed_element=_element_code(
                service_info, location, edition.feed(form["feed"]).title, options, form["limit"]
            ),
            subscribe=_subscribe_command(service_info),
            websub_subscribe=_websub_command(service_info, location),
            changes=f"curl '{service_info.url('/v1/changes')}?limit=50'",
            webhook_headers=_sample_headers(service_info, body),
            webhook_body=body,
            webhook_secret=_SAMPLE_SECRET.text,
            samples=tuple(_samples()),
            limits=self._limits(),
            egress=self.context.policy.egress,
            max_embed_posts=MAX_EMBED_POSTS,
        )

    def _limits(self) -> tuple[tuple[str, str], ...]:
        policy = self.context.policy
        rate = f"{policy.requests_per_minute:,} per minute and client"
        return (
            ("Requests", rate if policy.requests_per_minute else "no limit"),
            ("Age of a cached feed", f"{policy.max_age} seconds"),
            ("Timeout of a webhook request", f"{policy.delivery_timeout_seconds:g} seconds"),
            ("Attempts of a delivery", str(policy.delivery_attempts)),
            (
                "Lease of a WebSub subscription",
                f"{policy.leases.minimum:,} to {policy.leases.maximum:,} seconds",
            ),
            ("Posts in a feed", f"up to {MAX_LIMIT} per page; follow next_url for more"),
            ("Posts in an embed", f"up to {MAX_EMBED_POSTS}"),
        )


def _samples() -> Iterator[CodeSample]:
    for name, title, suffix, command in _SAMPLES:
        yield CodeSample(
            name=name,
            title=title,
            file=f"webhook.{suffix}",
            code=sample_code(f"webhook_{name}"),
            receiver_file=f"receiver.{suffix}",
            receiver=sample_code(f"receiver_{name}"),
            run=f"WEBHOOK_SECRET='whsec_…' {command}",
        )


def sample_code(name: str) -> str:
    """Return the code in the file ``name``, which is without its suffix."""
    return (resources.files("syndicate.web") / "samples" / f"{name}.txt").read_text("utf-8")


def _feed_choices(edition: Edition) -> tuple[tuple[str, str], ...]:
    """Return names and titles of feeds for the form: those of the settings, then categories."""
    names = [*edition.feeds]
    categories = set(edition.category_slugs)
    own = [name for name in names if name not in categories]
    rest = [name for name in names if name in categories]
    return tuple(
        (name, edition.feed(name).title) for name in [*own[:_MAX_FEEDS], *rest[:_MAX_FEEDS]]
    )


def _embed_parameters(form: Mapping[str, str], options: EmbedOptions) -> list[tuple[str, str]]:
    """Return the parameters of the embed that differ from their defaults."""
    given = [(name, form[name]) for name in _FORM_FIELDS[1:] if form[name]]
    return [*given, *_option_values(options)]


def _option_values(options: EmbedOptions) -> list[tuple[str, str]]:
    default = EmbedOptions()
    names = ("heading", "summary", "image", "date", "theme", "layout")
    values = [(name, getattr(options, name), getattr(default, name)) for name in names]
    return [(name, str(value).lower()) for name, value, usual in values if value != usual]


def _iframe_code(url: str, title: str) -> str:
    return (
        f'<iframe src="{escape(url)}"\n  title="{escape(title)}" width="100%" height="480" '
        'loading="lazy"></iframe>'
    )


def _element_code(
    service_info: ServiceInfo,
    location: FeedLocation,
    title: str,
    options: EmbedOptions,
    limit: str,
) -> str:
    page = location.url(service_info)
    query = [("limit", limit)] if limit else []
    attributes = "".join(
        f' {name}="{escape(value)}"' for name, value in [*query, *_option_values(options)]
    )
    return (
        f'<script src="{service_info.url("/embed.js")}" async></script>\n'
        f'<syndicate-feed src="{escape(location.url(service_info, ".json"))}"{attributes}>\n'
        f'  <a href="{escape(page)}">{escape(title)}</a>\n'
        "</syndicate-feed>"
    )


def _subscribe_command(service_info: ServiceInfo) -> str:
    return (
        f"curl '{service_info.url('/v1/subscriptions')}' \\\n"
        '  --header "Authorization: Bearer $SYNDICATE_TOKEN" \\\n'
        '  --json \'{"url": "https://partner.example.gov/webhook"}\''
    )


def _websub_command(service_info: ServiceInfo, location: FeedLocation) -> str:
    return (
        f"curl '{service_info.hub_url}' \\\n"
        "  --data hub.mode=subscribe \\\n"
        f"  --data-urlencode 'hub.topic={location.url(service_info, '.atom')}' \\\n"
        "  --data-urlencode 'hub.callback=https://partner.example.gov/websub'"
    )


def _sample_body(document: Mapping[str, Any]) -> str:
    content = document["webhooks"]["postEvent"]["post"]["requestBody"]["content"]
    event = content["application/json"]["examples"]["full"]["value"]
    return json.dumps(event, indent=2, ensure_ascii=False)


def _sample_headers(service_info: ServiceInfo, body: str) -> str:
    signature = sign(
        [_SAMPLE_SECRET], message_id=_SAMPLE_EVENT, at=_SAMPLE_TIME, body=body.encode()
    )
    headers = {
        "content-type": "application/json",
        "webhook-id": _SAMPLE_EVENT,
        "webhook-timestamp": f"{_SAMPLE_TIME.timestamp():.0f}",
        "webhook-signature": signature,
        "syndicate-subscription": "sub_3f2a9c1b5d7e8f60",
        "user-agent": f"syndicate/{service_info.version} (+{service_info.url('/about')})",
    }
    return "\n".join(f"{name}: {value}" for name, value in headers.items())
