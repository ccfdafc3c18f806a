"""What is rendered and what comes of it, apart from what renders: that takes 40 ms to import."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from syndicate.model.post import Image, SafeHtml
from syndicate.render import renderer_version
from syndicate.render.diagnostics import Diagnostic

CommentSyntax = Literal["kramdown", "nunjucks"]
"""Comments that only some engines have. Those of Liquid are tags, which count everywhere."""

RENDERER_VERSION: Final = renderer_version.renderer_digest()
"""Part of every key a rendering is cached under: another one where the same job can give another
rendering, because this folder or what it stands on changed."""

ACCEPTED: Final = b"taken"
"""Answered when jobs arrive: what goes wrong from there on is their doing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRequest:
    """All that a rendering depends on.

    ``first_line`` is the line of the file in which ``body`` begins, from 1; ``key`` makes the ids
    of the post its own; ``comments`` are the syntaxes of comments that the engine of the site
    has beside Liquid's; ``replacements`` are the meanings a source gives to template tags;
    ``embeds`` are hosts whose frames stay, beside the well-known ones. ``targets`` says where
    links lead, by name or path as written in the post; ``assets`` what replaces the address of an
    image, as written or as a path from the root of the site.
    """

    body: str
    first_line: int
    page_url: str
    site_url: str
    key: str
    hard_breaks: bool = False
    comment_syntaxes: tuple[CommentSyntax, ...] = ()
    replacements: tuple[tuple[str, str], ...] = ()
    embeds: tuple[str, ...] = ()
    link_targets: tuple[tuple[str, str], ...] = ()
    asset_urls: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderResult:
    """A body as readers get it.

    ``text`` is plain, paragraphs set apart by an empty line. ``image`` is the first one of the
    body, its address absolute.
    """

    content: SafeHtml
    text: str
    image: Image | None
    diagnostics: tuple[Diagnostic, ...]


_request_decoder: Final = msgspec.msgpack.Decoder(tuple[RenderRequest, ...])
_result_decoder: Final = msgspec.msgpack.Decoder(tuple[RenderResult, ...])


def encode(values: Sequence[RenderRequest] | Sequence[RenderResult]) -> bytes:
    """Return ``values`` as bytes that another process can read: MessagePack, which runs no code."""
    return msgspec.msgpack.encode(values)


def decode_requests(data: bytes) -> tuple[RenderRequest, ...]:
    """Return the jobs that were `packed`; `msgspec.DecodeError` if ``data`` are none."""
    return _request_decoder.decode(data)


def decode_results(data: bytes) -> tuple[RenderResult, ...]:
    """Return the renderings that were `packed`; `msgspec.DecodeError` if ``data`` are none."""
    return _result_decoder.decode(data)
