"""What reads the Markdown of a source: its dialect's engine, or what site and settings say."""

from dataclasses import replace
from typing import Final

from syndicate.content.site_source import DIALECT_ORIGIN, SETTINGS_ORIGIN, SiteSource
from syndicate.dialects import DIALECTS
from syndicate.model.markdown_options import MarkdownEngine
from syndicate.model.post import Path, Source

_HTML_ENDINGS: Final = (".html", ".htm")


def engine_of(source: Source) -> MarkdownEngine:
    """Return what reads the texts of ``source``; line breaks of the dialect count in any case."""
    default = DIALECTS[source.dialect].markdown
    engine = source.markdown or default
    hard_breaks = engine.options.hard_breaks or default.options.hard_breaks
    return replace(engine, options=replace(engine.options, hard_breaks=hard_breaks))


def engine_of_field(source: Source) -> MarkdownEngine:
    """Return what reads a text of front matter, which no engine gives typography or ids."""
    engine = engine_of(source)
    options = replace(engine.options, typographer=False, heading_ids=False)
    return replace(engine, options=options)


def engine_of_body(source: Source, path: Path) -> MarkdownEngine:
    """Return what reads the body of the file at ``path``, which may be HTML."""
    engine = engine_of(source)
    is_html = path.lower().endswith(_HTML_ENDINGS)
    return replace(engine, flavour="html") if is_html else engine


def markdown_origin(described: SiteSource) -> str:
    """Return what says how the Markdown of a source is read: settings, site or dialect."""
    if "markdown" not in described.source.derived:
        return SETTINGS_ORIGIN
    return dict(described.origins).get("markdown", DIALECT_ORIGIN)
