"""Which Markdown a site is in, by its own configuration."""

import pytest

from tests.sites.written_site import site_of


@pytest.mark.parametrize(
    ("engine", "files", "markdown", "origin"),
    [
        ("jekyll", {}, "kramdown (typographer, heading_ids)", "default of Jekyll"),
        (
            "jekyll",
            {"_config.yml": "kramdown: {hard_wrap: true, auto_ids: false}"},
            "kramdown (hard_breaks, typographer)",
            "kramdown in _config.yml",
        ),
        (
            "jekyll",
            {"_config.yml": "kramdown: {parse_block_html: true}"},
            "kramdown (typographer, heading_ids, html_blocks)",
            "kramdown in _config.yml",
        ),
        (
            "jekyll",
            {"_config.yml": "kramdown: {smart_quotes: 'apos, apos, quot, quot'}"},
            "kramdown (heading_ids)",
            "kramdown in _config.yml",
        ),
        (
            "jekyll",
            {"_config.yml": "kramdown: {smart_quotes: [apos, apos, quot, quot]}"},
            "kramdown (heading_ids)",
            "kramdown in _config.yml",
        ),
        (
            "jekyll",
            {
                "_config.yml": "markdown: CommonMark\ncommonmark:\n"
                "  {options: [SMART, HARDBREAKS], extensions: [autolink, table]}"
            },
            "commonmark (hard_breaks, typographer, autolinks)",
            "markdown in _config.yml",
        ),
        (
            "jekyll",
            {"_config.yml": "markdown: CommonMark"},
            "commonmark",
            "markdown in _config.yml",
        ),
        (
            "hugo",
            {"hugo.toml": ""},
            "commonmark (typographer, heading_ids, autolinks, omits_html)",
            "default of Hugo",
        ),
        (
            "hugo",
            {
                "hugo.toml": "[markup.goldmark]\n"
                "extensions = {typographer = false, linkify = false}\n"
                "renderer = {hardWraps = true, unsafe = true}\n"
                "parser = {autoHeadingID = false, attribute = {block = true}}"
            },
            "commonmark (hard_breaks, attributes)",
            "markup.goldmark in hugo.toml",
        ),
        (
            "hugo",
            {"hugo.toml": "[markup.goldmark.extensions.typographer]\ndisable = true"},
            "commonmark (heading_ids, autolinks, omits_html)",
            "markup.goldmark in hugo.toml",
        ),
        (
            "zola",
            {"config.toml": "base_url = 'https://a.gov'"},
            "commonmark (heading_ids)",
            "default of Zola",
        ),
        (
            "zola",
            {"config.toml": "[markdown]\nsmart_punctuation = true"},
            "commonmark (typographer, heading_ids)",
            "markdown in config.toml",
        ),
        ("eleventy", {".eleventy.js": ""}, "commonmark (attributes)", "default of Eleventy"),
        (
            "eleventy",
            {
                ".eleventy.js": "markdownIt({ breaks: true, linkify: true, typographer: true })",
                "package.json": '{"devDependencies": {"markdown-it-anchor": "9"}}',
            },
            "commonmark (hard_breaks, typographer, heading_ids, autolinks, attributes)",
            "plain options in .eleventy.js",
        ),
        (
            "docusaurus",
            {"docusaurus.config.js": ""},
            "commonmark (heading_ids, autolinks)",
            "default of Docusaurus",
        ),
        ("next", {"next.config.js": ""}, "commonmark (heading_ids, autolinks)", "default of Next"),
        (
            "astro",
            {"astro.config.mjs": "markdown: { gfm: false }"},
            "commonmark (typographer, heading_ids)",
            "plain options in astro.config.mjs",
        ),
    ],
)
def test_markdown_is_that_of_the_engine_with_the_options_of_the_site(
    engine: str, files: dict[str, str], markdown: str, origin: str
) -> None:
    """The flavour and the options that are on, and where they are from."""
    site = site_of(engine, files)
    assert (str(site.markdown.engine), site.markdown.origin) == (markdown, origin)
