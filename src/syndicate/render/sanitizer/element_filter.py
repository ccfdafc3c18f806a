"""Decides about each element of regular HTML: what stays, what it becomes, what is reported."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Final

from syndicate.model.post import Image
from syndicate.render import diagnostic_messages
from syndicate.render.allowlist import (
    ACTIVE_ELEMENTS,
    ELEMENTS,
    ORPHAN_REPLACEMENTS,
    REMOVED_ELEMENTS,
    REPLACED_ELEMENTS,
    REQUIRED_PARENTS,
    VOID_ELEMENTS,
)
from syndicate.render.diagnostics import UnlocatedDiagnostic
from syndicate.render.html_tokens import HtmlToken, escape_html, start_tag, tokenize
from syndicate.render.sanitizer.attribute_filter import URL_ATTRIBUTES, AttributeFilter, declared_id
from syndicate.render.sanitizer.html_ids import HtmlIds
from syndicate.render.sanitizer.iframe_policy import allowed_iframe, link_text
from syndicate.render.urls import UrlResolver

_HEADING_LEVELS: Final = {f"h{level}": level for level in range(1, 7)}


@dataclass(slots=True, kw_only=True)
class _OpenElement:
    """An element that is open; ``end`` closes it, and is empty where its tags are left out.

    ``written`` is what it was called, ``name`` what it is called here.
    """

    name: str
    source_name: str = ""
    end_tag: str = ""
    url: str = ""
    has_text: bool = False


class ElementFilter:
    """One pass over the regular HTML of one post, made by `write`.

    ``findings`` and ``image``, the first one of the post, are known afterwards.
    """

    def __init__(self, urls: UrlResolver, *, key: str, embeds: tuple[str, ...] = ()) -> None:
        self.diagnostics: Final[list[UnlocatedDiagnostic]] = []
        self.image: Image | None = None
        self._urls: Final = urls
        self._key: Final = key
        self._embeds: Final = embeds
        self._attributes = AttributeFilter(urls, HtmlIds(key, ()))
        self._output: Final[list[str]] = []
        self._stack: Final[list[_OpenElement]] = []
        self._removed_elements: list[str] = []
        self._current_link: _OpenElement | None = None
        self._heading_level = self._previous_heading_level = 1
        self._skipped_to_level = 0

    def filter_html(self, html: str) -> str:
        """Return ``html`` as it may leave the house."""
        sequence = tuple(tokenize(html))
        named = (declared_id(token) for token in sequence if token.attributes)
        ids = HtmlIds(self._key, filter(None, named))
        self._attributes = AttributeFilter(self._urls, ids)
        for token in sequence:
            if self._removed_elements:
                self._skip_removed(token)
            elif token.kind == "start":
                self._handle_start_tag(token)
            elif token.kind == "end":
                self._handle_end_tag(token.name)
            else:
                self._handle_text(token.text)
        return "".join(self._output)

    def _skip_removed(self, token: HtmlToken) -> None:
        if token.kind == "start" and token.name not in VOID_ELEMENTS:
            self._removed_elements.append(token.name)
        elif token.kind == "end" and token.name == self._removed_elements[-1]:
            self._removed_elements.pop()

    def _handle_start_tag(self, token: HtmlToken) -> None:
        name = self._output_name(token.name)
        handlers = [key for key in token.attributes if key.startswith("on")]
        if handlers or name in ACTIVE_ELEMENTS:
            self.diagnostics.append(diagnostic_messages.active_content(token.name, handlers))
        if name in REMOVED_ELEMENTS:
            if name not in VOID_ELEMENTS:
                self._removed_elements.append(name)
            return
        if name in ELEMENTS:
            values: dict[str, str] = {}
            if token.attributes:
                values = self._attributes.filter_attributes(name, _with_declared_id(token))
                self._report_broken_urls(token.attributes, values)
            self._handle_element(name, token.attributes, values)
        elif token.name not in VOID_ELEMENTS:
            self._stack.append(_OpenElement(name=name))
        if token.name not in VOID_ELEMENTS:
            self._stack[-1].source_name = token.name

    def _output_name(self, source_name: str) -> str:
        """Return what an element called ``written`` is called here, empty if only its inside is."""
        name = REPLACED_ELEMENTS.get(source_name, source_name)
        if name not in REQUIRED_PARENTS:
            return name
        parent = next((entry.name for entry in reversed(self._stack) if entry.end_tag), "")
        return name if parent in REQUIRED_PARENTS[name] else ORPHAN_REPLACEMENTS.get(name, "")

    def _report_broken_urls(self, attributes: Mapping[str, str], values: Mapping[str, str]) -> None:
        broken = (
            attributes[key] for key in sorted(URL_ATTRIBUTES & set(attributes)) if key not in values
        )
        self.diagnostics.extend(
            diagnostic_messages.broken_scheme(text) for text in broken if text.strip()
        )

    def _handle_element(
        self, name: str, attributes: Mapping[str, str], values: dict[str, str]
    ) -> None:
        match name:
            case "a":
                self._handle_link(attributes, values)
            case "img":
                self._handle_image(attributes, values)
            case "iframe":
                self._handle_iframe(values)
            case "audio" | "video":
                self._open_element(name, {**values, "controls": ""})
            case _:
                self._track_heading(name)
                self._open_element(name, values)

    def _open_element(self, name: str, values: Mapping[str, str]) -> None:
        self._output.append(start_tag(name, values))
        if name not in VOID_ELEMENTS:
            self._stack.append(_OpenElement(name=name, end_tag=f"</{name}>"))

    def _handle_link(self, attributes: Mapping[str, str], values: dict[str, str]) -> None:
        if "href" not in values and "id" not in values:
            self._stack.append(_OpenElement(name="a"))
            return
        if "target" in values:
            words = dict.fromkeys([*values.get("rel", "").split(), "noopener"])
            values["rel"] = " ".join(words)
        self.diagnostics.extend(
            diagnostic_messages.relative_link(attributes.get("href", ""), values.get("href", ""))
        )
        self._open_element("a", values)
        self._stack[-1].url = attributes.get("href", "") if "href" in values else ""
        self._current_link = self._stack[-1]

    def _handle_image(self, attributes: Mapping[str, str], values: dict[str, str]) -> None:
        alt = values.get("alt")
        if "src" not in values:
            self._handle_text(escape_html(alt or ""))
            return
        if self.image is None:
            self.image = Image(url=values["src"], alt=alt)
        self.diagnostics.extend(diagnostic_messages.image_alt(attributes.get("src", ""), alt))
        if alt and self._current_link:
            self._current_link.has_text = True
        self._open_element("img", values)

    def _handle_iframe(self, values: dict[str, str]) -> None:
        self._stack.append(_OpenElement(name="iframe"))
        if "src" not in values:
            return
        kept = allowed_iframe(values, self._embeds)
        if kept:
            self._output.append(start_tag("iframe", kept) + "</iframe>")
            return
        self.diagnostics.append(diagnostic_messages.refused_iframe(values["src"]))
        if self._current_link is None:
            link = start_tag("a", {"href": values["src"]})
            self._output.append(f"{link}{escape_html(link_text(values))}</a>")

    def _track_heading(self, name: str) -> None:
        level = _HEADING_LEVELS.get(name)
        if level:
            self._skipped_to_level = level if level > self._heading_level + 1 else 0
            self._previous_heading_level, self._heading_level = self._heading_level, level

    def _handle_end_tag(self, source_name: str) -> None:
        """Close the innermost element, unless that is another one.

        It is in what follows SVG only, where scripts and styles may hold elements.
        """
        if not self._stack or self._stack[-1].source_name != source_name:
            return
        entry = self._stack.pop()
        self._output.append(entry.end_tag)
        if entry is self._current_link:
            self._current_link = None
            if entry.url and not entry.has_text:
                self.diagnostics.append(diagnostic_messages.empty_link(entry.url))

    def _handle_text(self, text: str) -> None:
        if self._output and self._output[-1].startswith("<pre"):
            text = text.lstrip("\n")  # a parser drops the first line feed, each time it reads
        self._output.append(text)
        if text.isspace() or not text:
            return
        if self._current_link:
            self._current_link.has_text = True
        if self._skipped_to_level:
            self.diagnostics.append(
                diagnostic_messages.skipped_heading(
                    unescape(text), self._skipped_to_level, self._previous_heading_level
                )
            )
            self._skipped_to_level = 0


def _with_declared_id(token: HtmlToken) -> dict[str, str]:
    own = declared_id(token)
    return {**token.attributes, "id": own} if own else dict(token.attributes)
