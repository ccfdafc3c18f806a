"""Embeds: a feed as a page for an iframe, and the script of the element ``syndicate-feed``."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from syndicate.model.feed import Feed
from syndicate.render.pages.html_pages import inline_source, render_page
from syndicate.render.pages.resources import read_resource

EmbedTheme = Literal["auto", "light", "dark"]
EmbedLayout = Literal["list", "carousel"]

_STYLE_SHEET: Final = "embed.css"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedOptions:
    """How an embed presents a feed; ``heading`` is the level of its heading, 1 to 6."""

    heading: int = 2
    summary: bool = True
    image: bool = True
    date: bool = True
    theme: EmbedTheme = "auto"
    layout: EmbedLayout = "list"


def embed_page(feed: Feed, options: EmbedOptions) -> str:
    """Return the posts of ``feed`` as a page without navigation, for an iframe of another site."""
    return render_page(
        "embed.html", feed.service_info, _STYLE_SHEET, feed.language, feed=feed, options=options
    )


def embed_security_policy(image_origins: Iterable[str]) -> str:
    """Return the Content-Security-Policy of an embed: any site may frame it, no script runs.

    Images are loaded from this service and from ``image_origins`` ("https://www.example.gov").
    """
    sources = " ".join(["'self'", *image_origins])
    return (
        f"default-src 'none'; style-src {inline_source(read_resource(_STYLE_SHEET))}; "
        f"img-src {sources}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors *"
    )


@cache
def embed_script() -> str:
    """Return the script that defines ``syndicate-feed``, without indentation: 15 % of its bytes."""
    lines = read_resource("embed.js").splitlines(keepends=True)
    return "".join(line.lstrip() for line in lines)
