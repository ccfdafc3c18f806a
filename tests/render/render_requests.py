"""Jobs as the index makes them, for tests."""

from typing import Final

from syndicate.model.markdown_options import KRAMDOWN, MarkdownEngine
from syndicate.render.messages import RenderRequest

SITE: Final = "https://agency.example.gov"
PAGE: Final = f"{SITE}/news/a-post/"


def render_request(
    body: str,
    *,
    engine: MarkdownEngine = KRAMDOWN,
    replacements: tuple[tuple[str, str], ...] = (),
    link_targets: tuple[tuple[str, str], ...] = (),
    asset_urls: tuple[tuple[str, str], ...] = (),
) -> RenderRequest:
    """Return the job of a post whose front matter ends in line 4."""
    return RenderRequest(
        body=body,
        first_line=5,
        page_url=PAGE,
        site_url=SITE,
        key="k1",
        flavour=engine.flavour,
        options=engine.options,
        replacements=replacements,
        link_targets=link_targets,
        asset_urls=asset_urls,
    )
