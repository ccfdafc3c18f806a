"""Requests to the render processes and their results.

Kept apart from the renderer itself, which the service process never imports: 40 ms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

import msgspec

from syndicate import __version__
from syndicate.model.markdown_options import (
    NO_OPTIONS,
    Flavour,
    MarkdownEngine,
    MarkdownOptions,
)
from syndicate.model.post import Image, SafeHtml
from syndicate.render.diagnostics import Diagnostic

_PACKAGE: Final = Path(__file__).parent
_LIBRARIES: Final = ("markdown", "markdown-it-py", "mdit-py-plugins", "nh3")
"""Those that decide what a post looks like."""


def renderer_digest(package: Path = _PACKAGE) -> str:
    """Return 16 hex digits that change with any module in ``package`` and with its libraries."""
    parts = (__version__, *(version(library) for library in _LIBRARIES))
    renderer = sha256(" ".join(parts).encode())
    for path in sorted(package.rglob("*.py")):
        renderer.update(path.read_bytes())
    return renderer.hexdigest()[:16]


CommentSyntax = Literal["kramdown", "nunjucks", "mdx"]
"""Comment syntaxes of some engines only; Liquid's comments are recognized for all.

With ``mdx``, imports and tags of components are left out as well."""

RENDERER_VERSION: Final = renderer_digest()
"""Part of the cache key of every rendering; changes with the code that may change the result."""

ACCEPTED: Final = b"accepted"
"""Sent by a worker when requests arrive; a later failure is caused by the requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRequest:
    """Everything that the rendering of one body depends on.

    ``first_line`` is the line of the file in which ``body`` begins, from 1. ``key`` makes the
    post's ids unique. ``flavour`` and ``options`` are those of the engine that reads the body.
    ``comment_syntaxes`` are those of the site's engine in addition to Liquid's.
    ``replacements`` are the source's settings for template tags. ``embeds`` are further hosts
    whose iframes are allowed. ``link_targets`` maps names and paths in the post to URLs;
    ``asset_urls`` maps the URLs of images, as in the post or as a path from the root of the site.
    ``values`` are those of the names in template tags; None if the site has none of that name.
    """

    body: str
    first_line: int
    page_url: str
    site_url: str
    key: str
    flavour: Flavour = "kramdown"
    options: MarkdownOptions = NO_OPTIONS
    comment_syntaxes: tuple[CommentSyntax, ...] = ()
    replacements: tuple[tuple[str, str], ...] = ()
    embeds: tuple[str, ...] = ()
    link_targets: tuple[tuple[str, str], ...] = ()
    asset_urls: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, str | None], ...] = ()

    @property
    def engine(self) -> MarkdownEngine:
        """The engine that reads the body."""
        return MarkdownEngine(flavour=self.flavour, options=self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderResult:
    """A rendered body.

    ``text`` is plain text with an empty line between paragraphs. ``image`` is the first image of
    the body; its URL is absolute.
    """

    content: SafeHtml
    text: str
    image: Image | None
    diagnostics: tuple[Diagnostic, ...]


_request_decoder: Final = msgspec.msgpack.Decoder(tuple[RenderRequest, ...])
_result_decoder: Final = msgspec.msgpack.Decoder(tuple[RenderResult, ...])


def encode(values: Sequence[RenderRequest] | Sequence[RenderResult]) -> bytes:
    """Return ``values`` as MessagePack, which cannot execute code in the process that reads it."""
    return msgspec.msgpack.encode(values)


def decode_requests(data: bytes) -> tuple[RenderRequest, ...]:
    """Decode requests made by `encode`; raise `msgspec.DecodeError` for other data."""
    return _request_decoder.decode(data)


def decode_results(data: bytes) -> tuple[RenderResult, ...]:
    """Decode results made by `encode`; raise `msgspec.DecodeError` for other data."""
    return _result_decoder.decode(data)
