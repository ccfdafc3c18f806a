"""Decides about each element of regular HTML: what stays, what it becomes, what is reported."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Final

from syndicate.model.post import Image
from syndicate.render import finding
from syndicate.render.address import Addresses
from syndicate.render.allowed import (
    ACTIVE,
    DROPPED,
    ELEMENTS,
    HOMELESS,
    PARENTS,
    RENAMED,
    VOID,
)
from syndicate.render.attribute import ADDRESSES, Attributes, identity
from syndicate.render.embed import description, frame
from syndicate.render.identity import Identities
from syndicate.render.markup import Token, escaped, start_tag, tokens
from syndicate.render.note import Finding

_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}


@dataclass(slots=True, kw_only=True)
class _Open:
    """An element that is open; ``end`` closes it, and is empty where its tags are left out.

    ``written`` is what it was called, ``name`` what it is called here.
    """

    name: str
    written: str = ""
    end: str = ""
    address: str = ""
    speaks: bool = False


class Elements:
    """One pass over the regular HTML of one post, made by `write`.

    ``findings`` and ``image``, the first one of the post, are known afterwards.
    """

    def __init__(self, addresses: Addresses, *, key: str, embeds: tuple[str, ...] = ()) -> None:
        self.findings: Final[list[Finding]] = []
        self.image: Image | None = None
        self._addresses: Final = addresses
        self._key: Final = key
        self._embeds: Final = embeds
        self._attributes = Attributes(addresses, Identities(key, ()))
        self._out: Final[list[str]] = []
        self._stack: Final[list[_Open]] = []
        self._dropping: list[str] = []
        self._link: _Open | None = None
        self._level = self._previous = 1
        self._skipped = 0

    def write(self, html: str) -> str:
        """Return ``html`` as it may leave the house."""
        sequence = tuple(tokens(html))
        named = (identity(token) for token in sequence if token.attributes)
        ids = Identities(self._key, filter(None, named))
        self._attributes = Attributes(self._addresses, ids)
        for token in sequence:
            if self._dropping:
                self._drop(token)
            elif token.kind == "start":
                self._start(token)
            elif token.kind == "end":
                self._end(token.name)
            else:
                self._text(token.text)
        return "".join(self._out)

    def _drop(self, token: Token) -> None:
        if token.kind == "start" and token.name not in VOID:
            self._dropping.append(token.name)
        elif token.kind == "end" and token.name == self._dropping[-1]:
            self._dropping.pop()

    def _start(self, token: Token) -> None:
        name = self._name(token.name)
        handlers = [key for key in token.attributes if key.startswith("on")]
        if handlers or name in ACTIVE:
            self.findings.append(finding.active_content(token.name, handlers))
        if name in DROPPED:
            if name not in VOID:
                self._dropping.append(name)
            return
        if name in ELEMENTS:
            values: dict[str, str] = {}
            if token.attributes:
                values = self._attributes.kept(name, _with_identity(token))
                self._report_broken(token.attributes, values)
            self._element(name, token.attributes, values)
        elif token.name not in VOID:
            self._stack.append(_Open(name=name))
        if token.name not in VOID:
            self._stack[-1].written = token.name

    def _name(self, written: str) -> str:
        """Return what an element called ``written`` is called here, empty if only its inside is."""
        name = RENAMED.get(written, written)
        if name not in PARENTS:
            return name
        parent = next((entry.name for entry in reversed(self._stack) if entry.end), "")
        return name if parent in PARENTS[name] else HOMELESS.get(name, "")

    def _report_broken(self, given: Mapping[str, str], values: Mapping[str, str]) -> None:
        broken = (given[key] for key in sorted(ADDRESSES & set(given)) if key not in values)
        self.findings.extend(finding.broken_scheme(text) for text in broken if text.strip())

    def _element(self, name: str, given: Mapping[str, str], values: dict[str, str]) -> None:
        match name:
            case "a":
                self._anchor(given, values)
            case "img":
                self._picture(given, values)
            case "iframe":
                self._frame(values)
            case "audio" | "video":
                self._open(name, {**values, "controls": ""})
            case _:
                self._head(name)
                self._open(name, values)

    def _open(self, name: str, values: Mapping[str, str]) -> None:
        self._out.append(start_tag(name, values))
        if name not in VOID:
            self._stack.append(_Open(name=name, end=f"</{name}>"))

    def _anchor(self, given: Mapping[str, str], values: dict[str, str]) -> None:
        if "href" not in values and "id" not in values:
            self._stack.append(_Open(name="a"))
            return
        if "target" in values:
            words = dict.fromkeys([*values.get("rel", "").split(), "noopener"])
            values["rel"] = " ".join(words)
        self.findings.extend(finding.relative_link(given.get("href", ""), values.get("href", "")))
        self._open("a", values)
        self._stack[-1].address = given.get("href", "") if "href" in values else ""
        self._link = self._stack[-1]

    def _picture(self, given: Mapping[str, str], values: dict[str, str]) -> None:
        alt = values.get("alt")
        if "src" not in values:
            self._text(escaped(alt or ""))
            return
        if self.image is None:
            self.image = Image(url=values["src"], alt=alt)
        self.findings.extend(finding.image_alt(given.get("src", ""), alt))
        if alt and self._link:
            self._link.speaks = True
        self._open("img", values)

    def _frame(self, values: dict[str, str]) -> None:
        self._stack.append(_Open(name="iframe"))
        if "src" not in values:
            return
        kept = frame(values, self._embeds)
        if kept:
            self._out.append(start_tag("iframe", kept) + "</iframe>")
            return
        self.findings.append(finding.frame(values["src"]))
        if self._link is None:
            link = start_tag("a", {"href": values["src"]})
            self._out.append(f"{link}{escaped(description(values))}</a>")

    def _head(self, name: str) -> None:
        level = _HEADINGS.get(name)
        if level:
            self._skipped = level if level > self._level + 1 else 0
            self._previous, self._level = self._level, level

    def _end(self, written: str) -> None:
        """Close the innermost element, unless that is another one.

        It is in what follows SVG only, where scripts and styles may hold elements.
        """
        if not self._stack or self._stack[-1].written != written:
            return
        entry = self._stack.pop()
        self._out.append(entry.end)
        if entry is self._link:
            self._link = None
            if entry.address and not entry.speaks:
                self.findings.append(finding.empty_link(entry.address))

    def _text(self, text: str) -> None:
        if self._out and self._out[-1].startswith("<pre"):
            text = text.lstrip("\n")  # a parser drops the first line feed, each time it reads
        self._out.append(text)
        if text.isspace() or not text:
            return
        if self._link:
            self._link.speaks = True
        if self._skipped:
            self.findings.append(
                finding.skipped_heading(unescape(text), self._skipped, self._previous)
            )
            self._skipped = 0


def _with_identity(token: Token) -> dict[str, str]:
    own = identity(token)
    return {**token.attributes, "id": own} if own else dict(token.attributes)
