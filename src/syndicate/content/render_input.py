"""A post with all its item is made from, and the item made of it; pure."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from typing import Final, Self

import msgspec

from syndicate.content.asset_urls import AssetUrls
from syndicate.content.link_targets import LinkTargets
from syndicate.dialects import DIALECTS, document
from syndicate.dialects.fields import Fields
from syndicate.errors import ContentError
from syndicate.model.content_limits import DEFAULT_CONTENT_LIMITS, ContentLimits
from syndicate.model.ledger import LedgerRow
from syndicate.model.post import Author, CarouselCard, Image, Post, RenderedPost, Source
from syndicate.render.allowlist import RESOURCE_SCHEMES
from syndicate.render.internal_links import find_internal_links
from syndicate.render.messages import RENDERER_VERSION, RenderRequest, RenderResult
from syndicate.render.urls import absolute_url

_WORDS_PER_MINUTE: Final = 230
_SUMMARY_WORDS: Final = 50
_WORD: Final = re.compile(r"\S+")
_LINE: Final = re.compile(r"\bline (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderInput:
    """A post, what its file says, and what is to be rendered: body, summary, card's summary."""

    post: Post
    fields: Fields
    link_names: tuple[str, ...]
    """What the text refers to inside its repository, as written."""
    requests: tuple[RenderRequest, RenderRequest, RenderRequest]

    @property
    def link_urls(self) -> tuple[tuple[str, str], ...]:
        """Where the ``names`` lead."""
        return self.requests[0].link_targets

    @property
    def asset_names(self) -> tuple[str, ...]:
        """The ``names``, and the pictures of its fields."""
        return (*self.link_names, self.fields.image, self.fields.card_image)

    def with_assets(self, assets: AssetUrls) -> Self:
        """Return the manuscript with the files it shows among ``assets``."""
        body, summary, card = self.requests
        body = replace(body, asset_urls=assets.resolve(self.post, self.asset_names))
        return replace(self, requests=(body, summary, card))

    @property
    def asset_urls(self) -> tuple[tuple[str, str], ...]:
        """Where files that are ``shown`` are served by this service."""
        return self.requests[0].asset_urls

    @property
    def digest(self) -> str:
        """Everything that decides the rendering, and nothing else, as 64 hex digits."""
        return sha256(msgspec.msgpack.encode((RENDERER_VERSION, self.requests))).hexdigest()


RenderResults = tuple[RenderResult, RenderResult, RenderResult]
"""What rendering made of the jobs of a manuscript."""


def build_render_input(  # noqa: PLR0913 — one more than five: the limits
    post: Post,
    data: bytes,
    fields: Fields,
    *,
    source: Source,
    targets: LinkTargets,
    limits: ContentLimits = DEFAULT_CONTENT_LIMITS,
) -> RenderInput:
    """Open the file ``data`` of ``post``, which says ``fields``; `ContentError` if it is none."""
    parsed = document.parse_document(post.path, data, limits)
    if parsed is None:
        raise ContentError(f"{post.path} has no front matter")
    dialect = DIALECTS[source.dialect]
    text = dialect.text_to_render(parsed)
    link_names = find_internal_links(text)
    request = RenderRequest(
        body=text,
        first_line=parsed.body_line,
        page_url=post.url,
        site_url=source.site_url,
        key=post.key,
        hard_breaks=dialect.hard_breaks,
        comment_syntaxes=dialect.comment_syntaxes,
        replacements=source.replacements,
        embeds=source.embeds,
        link_targets=targets.resolve(post, link_names),
    )
    return RenderInput(
        post=post,
        fields=fields,
        link_names=link_names,
        requests=(
            request,
            replace(
                request,
                body=fields.summary,
                link_targets=(),
                first_line=_field_line(fields, "summary"),
            ),
            replace(
                request,
                body=fields.card_summary,
                link_targets=(),
                first_line=_field_line(fields, "card_summary"),
            ),
        ),
    )


def _field_line(fields: Fields, name: str) -> int:
    """Return the line that the field ``name`` is from, 0 if it has none of its own."""
    found = _LINE.search(dict(fields.origins).get(name, ""))
    return int(found[1]) if found else 0


def post_as_announced(row: LedgerRow, fields: Fields, post: Post) -> Post:
    """Return ``post`` as it was when ``row`` was told and its file had ``fields``.

    What the ledger does not keep and the file does not say is as it is today.
    """
    zone = post.published.tzinfo
    return replace(
        post,
        path=row.path,
        blob=row.blob,
        url=row.url,
        title=fields.title,
        published=row.published.astimezone(zone),
        precision=fields.precision if fields.published else "second",
        updated=row.updated.astimezone(zone),
        carousel=row.carousel,
        expires=fields.expires,
    )


def build_rendered_post(
    render_input: RenderInput, results: RenderResults, translations: Sequence[tuple[str, str]] = ()
) -> RenderedPost:
    """Make the item: gaps in the card are filled from the post, and in the post from its words."""
    post, fields = render_input.post, render_input.fields
    body, preview, card = results
    first_words = (match[0] for match in islice(_WORD.finditer(body.text), _SUMMARY_WORDS))
    summary = " ".join(preview.text.split() or first_words)
    asset_urls = dict(render_input.asset_urls)
    image = (
        _build_image(fields.image, fields.image_alt, post.url, asset_urls)
        or body.image
        or preview.image
    )
    return RenderedPost(
        post=post,
        content=body.content,
        text=body.text,
        summary=summary,
        image=image,
        authors=tuple(Author(name=name) for name in fields.authors),
        external_url=absolute_url(fields.external_url, post.url, RESOURCE_SCHEMES) or "",
        reading_minutes=fields.reading_minutes or _reading_minutes(body.text),
        card=_build_card(post, fields, " ".join(card.text.split()) or summary, image, asset_urls),
        translations=tuple(translations),
    )


def _reading_minutes(text: str) -> int:
    """Return the minutes that reading ``text`` takes, without an object kept for each word."""
    words = sum(1 for _ in _WORD.finditer(text))
    return max(1, math.ceil(words / _WORDS_PER_MINUTE))


def _build_card(
    post: Post, fields: Fields, summary: str, image: Image | None, asset_urls: Mapping[str, str]
) -> CarouselCard | None:
    if not post.carousel:
        return None
    card_image = (
        _build_image(fields.card_image, fields.card_image_alt, post.url, asset_urls) or image
    )
    return CarouselCard(
        title=fields.card_title or post.title,
        summary=summary,
        image=card_image.url if card_image else "",
        image_alt=card_image.alt if card_image else None,
        date=post.published.date(),
    )


def _build_image(
    name: str, alt: str | None, page_url: str, asset_urls: Mapping[str, str]
) -> Image | None:
    """Make an image of an address as written in front matter; None if it leads nowhere."""
    url = asset_urls.get(name) or absolute_url(name, page_url, RESOURCE_SCHEMES)
    return Image(url=url, alt=alt) if url else None
