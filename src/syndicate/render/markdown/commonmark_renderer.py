"""Writes the HTML of the `commonmark` flavour: footnotes, tables and images as all flavours do."""

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from typing_extensions import override

from syndicate.render.allowlist import VOID_ELEMENTS

TEMPLATE_ATTRIBUTE: Final = "data-syndicate-template"
"""An attribute of the elements that templates write, where the text may have no HTML."""
_OPEN_ELEMENTS: Final = "open_elements"
_ALIGNMENT: Final = "text-align:"
_BEGINS_WITH_OWN_TAG: Final = re.compile(rf"\s*<(?:[!?]|[A-Za-z][\w-]*+(?! {TEMPLATE_ATTRIBUTE}))")
_TAG: Final = re.compile(
    r"<(?:!--.*?-->|(?P<is_end>/?)(?P<name>[A-Za-z][\w-]*)(?P<attributes>[^>]*)>)", re.DOTALL
)


class CommonMarkRenderer(RendererHTML):
    """The renderer of markdown-it-py, whose methods are called by the type of a token."""

    def footnote_ref(
        self, tokens: Sequence[Token], idx: int, _options: OptionsDict, _env: EnvType
    ) -> str:
        """Return a numbered reference to a footnote."""
        token = tokens[idx]
        return (
            f'<sup id="{_place(token)}"><a class="footnote-ref" href="#fn:{_name(token)}">'
            f"{token.meta['id'] + 1}</a></sup>"
        )

    def footnote_block_open(self, *_: object) -> str:
        """Return what comes before the footnotes, at the end of the text."""
        return '<hr class="footnotes-sep">\n<section class="footnotes">\n<ol>\n'

    def footnote_block_close(self, *_: object) -> str:
        """Return the end of the footnotes."""
        return "</ol>\n</section>\n"

    def footnote_open(
        self, tokens: Sequence[Token], idx: int, _options: OptionsDict, _env: EnvType
    ) -> str:
        """Return the beginning of a footnote."""
        return f'<li id="fn:{_name(tokens[idx])}">\n'

    def footnote_close(self, *_: object) -> str:
        """Return the end of a footnote."""
        return "</li>\n"

    def footnote_anchor(
        self, tokens: Sequence[Token], idx: int, _options: OptionsDict, _env: EnvType
    ) -> str:
        """Return the link from a footnote back to a reference to it."""
        token = tokens[idx]
        return (
            f'<a aria-label="Back to reference {token.meta["id"] + 1}" class="footnote-backref"'
            f' href="#{_place(token)}">\u21a9</a>'
        )

    @override
    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return an image, without ``alt`` where nobody wrote one: that is not decorative."""
        token = tokens[idx]
        alt = self.renderInlineAsText(token.children, options, env)
        token.attrs.pop("alt", None)
        if alt:
            token.attrs["alt"] = alt
        return self.renderToken(tokens, idx, options, env)

    def s_open(self, *_: object) -> str:
        """Return the beginning of struck text."""
        return "<del>"

    def s_close(self, *_: object) -> str:
        """Return the end of struck text."""
        return "</del>"

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return the beginning of a heading cell, with an attribute for its alignment."""
        return self.td_open(tokens, idx, options, env)

    def td_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return the beginning of a cell, with an attribute for its alignment."""
        token = tokens[idx]
        style = str(token.attrs.pop("style", ""))
        if style.startswith(_ALIGNMENT):
            token.attrs["align"] = style.removeprefix(_ALIGNMENT)
        return self.renderToken(tokens, idx, options, env)


class WithoutHtmlRenderer(CommonMarkRenderer):
    """Leaves out the HTML of a text, as goldmark does without ``unsafe``.

    Elements that templates write stay: these have the attribute `TEMPLATE_ATTRIBUTE`.
    """

    @override
    def html_inline(
        self, tokens: Sequence[Token], idx: int, _options: OptionsDict, env: EnvType
    ) -> str:
        """Return a tag in a line if a template wrote it."""
        return _template_tags(tokens[idx].content, env)

    @override
    def html_block(
        self, tokens: Sequence[Token], idx: int, _options: OptionsDict, env: EnvType
    ) -> str:
        """Return a block of HTML as far as the lines begin with no tag but those of templates."""
        content = tokens[idx].content
        if content.lstrip().startswith("</") and not env.get(_OPEN_ELEMENTS):
            return ""
        lines = content.splitlines(keepends=True)
        own = takewhile(lambda line: not _BEGINS_WITH_OWN_TAG.match(line), lines)
        return _template_tags("".join(own), env)


def _template_tags(html: str, env: EnvType) -> str:
    """Return ``html`` without the tags that no template wrote.

    ``env`` has the names of the elements that are open.
    """
    open_elements: list[str] = env.setdefault(_OPEN_ELEMENTS, [])

    def keep(tag: re.Match[str]) -> str:
        name, attributes = (tag["name"] or "").lower(), tag["attributes"] or ""
        if TEMPLATE_ATTRIBUTE in attributes:
            open_elements.extend({name} - VOID_ELEMENTS)
            return tag[0]
        if tag["is_end"] and name in open_elements:
            open_elements.remove(name)
            return tag[0]
        return ""

    return _TAG.sub(keep, html)


def _name(token: Token) -> str:
    """Return the name of the footnote of ``token``; a footnote in the text has its number."""
    return escapeHtml(token.meta.get("label") or f"{token.meta['id'] + 1}")


def _place(token: Token) -> str:
    """Return the id of a reference; further ones to the same footnote are numbered."""
    number = token.meta.get("subId", 0)
    return f"fnref{number + 1 if number else ''}:{_name(token)}"
