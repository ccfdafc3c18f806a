"""What the configuration of each engine says about its Markdown; pure.

Options that no reader can see, and those that only a theme or a program decides, are left out.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from syndicate.model.markdown_options import (
    GOLDMARK,
    KRAMDOWN,
    MARKDOWN_IT,
    PULLDOWN_CMARK,
    MarkdownEngine,
    MarkdownOptions,
)
from syndicate.sites.script_literals import ScriptLiterals
from syndicate.sites.site import ConfiguredMarkdown
from syndicate.sites.values import flag, mapping, text, texts

_STRAIGHT_QUOTES: Final = re.compile(r"\s*apos\s*,\s*apos\s*,\s*quot\s*,\s*quot\s*")


def of_jekyll(config: Mapping[str, object], path: str) -> ConfiguredMarkdown:
    """Return what reads the Markdown of a Jekyll site: kramdown unless ``markdown`` says else.

    Keys of kramdown: hard_wrap, smart_quotes, auto_ids, parse_block_html. Of jekyll-commonmark:
    options, extensions.
    """
    if "commonmark" in text(config.get("markdown")).lower():
        own = mapping(config.get("commonmark"))
        options = {each.upper() for each in texts(own.get("options"))}
        engine = MarkdownEngine(
            flavour="commonmark",
            options=MarkdownOptions(
                hard_breaks="HARDBREAKS" in options,
                typographer="SMART" in options,
                autolinks="autolink" in texts(own.get("extensions")),
            ),
        )
        return ConfiguredMarkdown(engine=engine, origin=f"markdown in {path}")
    kramdown = mapping(config.get("kramdown"))
    quotes = kramdown.get("smart_quotes")
    quotes = ",".join(texts(quotes)) if isinstance(quotes, list) else text(quotes)
    return _configured(
        KRAMDOWN,
        {
            "hard_breaks": flag(kramdown.get("hard_wrap")),
            "typographer": False if _STRAIGHT_QUOTES.fullmatch(quotes) else None,
            "heading_ids": flag(kramdown.get("auto_ids")),
            "html_blocks": flag(kramdown.get("parse_block_html")),
        },
        f"kramdown in {path}" if kramdown else "default of Jekyll",
    )


def of_hugo(config: Mapping[str, object], path: str) -> ConfiguredMarkdown:
    """Return what reads the Markdown of a Hugo site; keys of ``config`` are in lower case.

    Keys of markup.goldmark: extensions.typographer and .linkify, renderer.hardWraps and .unsafe,
    parser.autoHeadingID and parser.attribute.block. ``path`` is empty without a configuration.
    """
    goldmark = mapping(mapping(config.get("markup")).get("goldmark"))
    extensions = mapping(goldmark.get("extensions"))
    renderer, parser = mapping(goldmark.get("renderer")), mapping(goldmark.get("parser"))
    typographer = extensions.get("typographer")
    is_off = flag(typographer) is False or flag(mapping(typographer).get("disable")) is True
    return _configured(
        GOLDMARK,
        {
            "hard_breaks": flag(renderer.get("hardwraps")),
            "typographer": False if is_off else None,
            "heading_ids": flag(parser.get("autoheadingid")),
            "autolinks": flag(extensions.get("linkify")),
            "attributes": flag(mapping(parser.get("attribute")).get("block")),
            "omits_html": flag(renderer.get("unsafe")) is not True if path else None,
        },
        f"markup.goldmark in {path}" if goldmark else "default of Hugo",
    )


def of_zola(config: Mapping[str, object], path: str) -> ConfiguredMarkdown:
    """Return what reads the Markdown of a Zola site; key of markdown: smart_punctuation."""
    markdown = mapping(config.get("markdown"))
    return _configured(
        PULLDOWN_CMARK,
        {"typographer": flag(markdown.get("smart_punctuation"))},
        f"markdown in {path}" if markdown else "default of Zola",
    )


def of_eleventy(script: ScriptLiterals, packages: Collection[str]) -> ConfiguredMarkdown:
    """Return what reads the Markdown of an Eleventy site.

    ``script`` is its configuration, in which plain options of markdown-it count; ``packages`` are
    those it depends on.
    """
    return _of_script(
        MARKDOWN_IT,
        script,
        "Eleventy",
        {
            "hard_breaks": script.flag("breaks"),
            "typographer": script.flag("typographer"),
            "heading_ids": "markdown-it-anchor" in packages or None,
            "autolinks": script.flag("linkify"),
        },
    )


def of_program(engine: MarkdownEngine, script: ScriptLiterals, name: str) -> ConfiguredMarkdown:
    """Return ``engine``, that of a site made with remark, with what ``script`` plainly says.

    Keys: gfm and smartypants, as Astro has them.
    """
    found = {"typographer": script.flag("smartypants"), "autolinks": script.flag("gfm")}
    return _of_script(engine, script, name, found)


def _of_script(
    engine: MarkdownEngine, script: ScriptLiterals, name: str, found: Mapping[str, bool | None]
) -> ConfiguredMarkdown:
    is_said = any(value is not None for value in found.values())
    origin = f"plain options in {script.path}" if is_said and script.path else f"default of {name}"
    return _configured(engine, found, origin)


def _configured(
    engine: MarkdownEngine, found: Mapping[str, bool | None], origin: str
) -> ConfiguredMarkdown:
    """Return ``engine`` with those options that have a value in ``found``."""
    said = {name: value for name, value in found.items() if value is not None}
    options = replace(engine.options, **said)
    return ConfiguredMarkdown(engine=replace(engine, options=options), origin=origin)
