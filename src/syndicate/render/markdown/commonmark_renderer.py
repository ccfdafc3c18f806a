"""Writes the HTML of the `commonmark` flavour: footnotes, tables and images as all flavours do."""

from collections.abc import Sequence
from typing import Final

from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from typing_extensions import override

_ALIGNMENT: Final = "text-align:"


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


def _name(token: Token) -> str:
    """Return the name of the footnote of ``token``; a footnote in the text has its number."""
    return escapeHtml(token.meta.get("label") or f"{token.meta['id'] + 1}")


def _place(token: Token) -> str:
    """Return the id of a reference; further ones to the same footnote are numbered."""
    number = token.meta.get("subId", 0)
    return f"fnref{number + 1 if number else ''}:{_name(token)}"
