"""Filters elements and attributes by the allow-list and reports what was removed."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Final
from urllib.parse import quote, urlsplit

from syndicate.model.post import Image
from syndicate.render import diagnostics
from syndicate.render.allowlist import (
    ACTIVE_ELEMENTS,
    ALLOWED_CLASSES,
    ATTRIBUTE_VALUES,
    ELEMENTS,
    GLOBAL_ATTRIBUTES,
    IFRAME_HOSTS,
    IFRAME_SANDBOX,
    ORPHAN_REPLACEMENTS,
    REMOVED_ELEMENTS,
    REPLACED_ELEMENTS,
    REQUIRED_PARENTS,
    VOID_ELEMENTS,
)
from syndicate.render.diagnostics import UnlocatedDiagnostic
from syndicate.render.html_tokens import HtmlToken, escape_html, start_tag, tokenize
from syndicate.render.sanitizer.html_ids import HtmlIds
from syndicate.render.templates.template_tags import UNRESOLVED_URL
from syndicate.render.urls import UrlResolver, srcset_candidates

_CHARACTER: Final = (
    r"(?:[A-Za-z0-9._~!$&'()*+,;=:@\-]|%(?!2[EeFf]|5[Cc]|25|[01][0-9A-Fa-f]|7[Ff])[0-9A-Fa-f]{2})"
)
_SEGMENT: Final = rf"(?!\.\.?(?:[/?#]|\Z)){_CHARACTER}*+"
_CANONICAL: Final = re.compile(
    rf"https?://(?P<host>[a-z0-9\-]+(?:\.[a-z0-9\-]+)*)(?P<path>(?:/{_SEGMENT})*+)(?P<rest>[?#][!-~]*)?"
)


def allowed_iframe(
    attributes: Mapping[str, str], extra_hosts: Collection[str]
) -> dict[str, str] | None:
    """Return the attributes of an allowed iframe, None if it is refused.

    ``attributes`` are filtered and have an absolute ``src``; ``extra_hosts`` are those of the
    settings, which allow any path. The result loads over https, lazily, and in a sandbox.
    """
    url = _CANONICAL.fullmatch(attributes["src"])
    if url is None:
        return None
    host, path = url["host"], url["path"]
    is_player = host in IFRAME_HOSTS and path.startswith(IFRAME_HOSTS[host])
    if not is_player and host not in {name.lower() for name in extra_hosts}:
        return None
    allowed = {key: text for key, text in attributes.items() if key not in ("loading", "sandbox")}
    allowed["src"] = f"https://{host}{path or '/'}{url['rest'] or ''}"
    return allowed | {"loading": "lazy", "sandbox": IFRAME_SANDBOX}


def link_text(attributes: Mapping[str, str]) -> str:
    """Return the text of the link that replaces a refused iframe."""
    return (
        attributes.get("title", "").strip()
        or f"Embedded content from {urlsplit(attributes['src']).hostname}"
    )


_URL_ATTRIBUTES: Final = frozenset({"cite", "href", "longdesc", "poster", "src"})
"""Attributes that hold one URL; ``srcset`` holds several."""

LAZY_URLS: Final = {
    **dict.fromkeys(("data-src", "data-lazy-src", "data-original"), "src"),
    **dict.fromkeys(("data-srcset", "data-lazy-srcset"), "srcset"),
}
"""Attributes from which a script of the site fills others when they come into view."""
_LAZY_ELEMENTS: Final = frozenset({"audio", "iframe", "img", "source", "video"})

_NUMERIC_ATTRIBUTES: Final = frozenset(
    {"colspan", "height", "rowspan", "span", "start", "value", "width"}
)
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")
_LANGUAGE_CLASS: Final = re.compile(r"language-[\w.+#\-]+")
_ALLOWED_ATTRIBUTES: Final = {name: own | GLOBAL_ATTRIBUTES for name, own in ELEMENTS.items()}
_REL_WORD: Final = re.compile(r"[a-z]+")
_HEADING_LEVELS: Final = {f"h{level}": level for level in range(1, 7)}


@dataclass(slots=True, kw_only=True)
class _OpenElement:
    """An open element; ``end_tag`` is empty if its tags are left out of the output.

    ``source_name`` is its name in the input, ``name`` its name in the output.
    """

    name: str
    source_name: str = ""
    end_tag: str = ""
    url: str = ""
    has_text: bool = False


class ElementFilter:
    """Filters the serialized HTML of one post in one pass.

    ``diagnostics`` and ``image``, the first image of the post, are complete after `filter_html`.
    """

    def __init__(self, urls: UrlResolver, *, key: str, embeds: tuple[str, ...] = ()) -> None:
        self.diagnostics: Final[list[UnlocatedDiagnostic]] = []
        self.image: Image | None = None
        self._urls: Final = urls
        self._key: Final = key
        self._embeds: Final = embeds
        self._attributes = _AttributeFilter(urls, HtmlIds(key, ()))
        self._output: Final[list[str]] = []
        self._stack: Final[list[_OpenElement]] = []
        self._removed_elements: list[str] = []
        self._current_link: _OpenElement | None = None
        self._lazy_image = ""
        """The URL of the last image if a script would have loaded it."""
        self._heading_level = self._previous_heading_level = 1
        self._skipped_to_level = 0

    def filter_html(self, html: str) -> str:
        """Return ``html`` with allowed elements and attributes only."""
        sequence = tuple(tokenize(html))
        declared = (_declared_id(token) for token in sequence if token.attributes)
        ids = HtmlIds(self._key, filter(None, declared))
        self._attributes = _AttributeFilter(self._urls, ids)
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

    def _handle_start_tag(self, written: HtmlToken) -> None:
        token = _with_lazy_urls(written)
        name = self._output_name(token.name)
        handlers = [key for key in token.attributes if key.startswith("on")]
        if handlers or name in ACTIVE_ELEMENTS:
            self.diagnostics.append(diagnostics.active_content(token.name, handlers))
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
        """Return the name in the output, empty if only the content of the element is kept."""
        name = REPLACED_ELEMENTS.get(source_name, source_name)
        if name not in REQUIRED_PARENTS:
            return name
        parent = next((element.name for element in reversed(self._stack) if element.end_tag), "")
        return name if parent in REQUIRED_PARENTS[name] else ORPHAN_REPLACEMENTS.get(name, "")

    def _report_broken_urls(self, attributes: Mapping[str, str], values: Mapping[str, str]) -> None:
        broken = (
            attributes[key]
            for key in sorted(_URL_ATTRIBUTES & set(attributes))
            if key not in values
        )
        self.diagnostics.extend(
            diagnostics.broken_scheme(text)
            for text in broken
            if text.strip() and UNRESOLVED_URL not in text
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
            diagnostics.relative_link(attributes.get("href", ""), values.get("href", ""))
        )
        self._open_element("a", values)
        self._stack[-1].url = attributes.get("href", "") if "href" in values else ""
        self._current_link = self._stack[-1]

    def _handle_image(self, attributes: Mapping[str, str], values: dict[str, str]) -> None:
        alt = values.get("alt")
        if "src" not in values and "srcset" in values:  # browsers show it all the same
            values["src"] = next(srcset_candidates(values["srcset"]))[0]
        if "src" not in values:
            self._handle_text(escape_html(alt or ""))
            return
        if values["src"] == self._lazy_image:  # again, for readers without scripts
            self._lazy_image = ""
            return
        self._lazy_image = values["src"] if LAZY_URLS.keys() & attributes.keys() else ""
        if self.image is None:
            self.image = Image(url=values["src"], alt=alt)
        self.diagnostics.extend(diagnostics.image_alt(attributes.get("src", ""), alt))
        if alt and self._current_link:
            self._current_link.has_text = True
        self._open_element("img", values)

    def _handle_iframe(self, values: dict[str, str]) -> None:
        self._stack.append(_OpenElement(name="iframe"))
        if "src" not in values:
            return
        allowed = allowed_iframe(values, self._embeds)
        if allowed:
            self._output.append(start_tag("iframe", allowed) + "</iframe>")
            return
        self.diagnostics.append(diagnostics.refused_iframe(values["src"]))
        if self._current_link is None:
            link = start_tag("a", {"href": values["src"]})
            self._output.append(f"{link}{escape_html(link_text(values))}</a>")

    def _track_heading(self, name: str) -> None:
        level = _HEADING_LEVELS.get(name)
        if level:
            self._skipped_to_level = level if level > self._heading_level + 1 else 0
            self._previous_heading_level, self._heading_level = self._heading_level, level

    def _handle_end_tag(self, source_name: str) -> None:
        """Close the innermost element if it has the name of the end tag.

        The names differ only after SVG, where scripts and styles may hold elements.
        """
        if not self._stack or self._stack[-1].source_name != source_name:
            return
        element = self._stack.pop()
        self._output.append(element.end_tag)
        if element is self._current_link:
            self._current_link = None
            if element.url and not element.has_text:
                self.diagnostics.append(diagnostics.empty_link(element.url))

    def _handle_text(self, text: str) -> None:
        text = text.replace(UNRESOLVED_URL, "")  # of a URL that is shown as it is written
        if self._output and self._output[-1].startswith("<pre"):
            text = text.lstrip("\n")  # a parser drops the first line feed of <pre>
        self._output.append(text)
        if text.isspace() or not text:
            return
        if self._current_link:
            self._current_link.has_text = True
        if self._skipped_to_level:
            self.diagnostics.append(
                diagnostics.skipped_heading(
                    unescape(text), self._skipped_to_level, self._previous_heading_level
                )
            )
            self._skipped_to_level = 0


class _AttributeFilter:
    """Filters attributes and resolves the URLs and ids in them."""

    def __init__(self, urls: UrlResolver, ids: HtmlIds) -> None:
        self._urls: Final = urls
        self._ids: Final = ids

    def filter_attributes(self, name: str, attributes: Mapping[str, str]) -> dict[str, str]:
        """Return those of ``attributes`` that the element ``name`` may have."""
        allowed = _ALLOWED_ATTRIBUTES[name]
        values = {
            key: self._filter_value(key, text) for key, text in attributes.items() if key in allowed
        }
        return {key: value for key, value in values.items() if value is not None}

    def _filter_value(self, key: str, text: str) -> str | None:
        value: str | None
        match key:
            case "id":
                value = self._ids.allocate(text) if text.strip() else None
            case "href":
                value = self._resolve_href(text.strip())
            case "cite" | "longdesc" | "poster" | "src":
                value = self._urls.resolve_resource(text)
            case "srcset":
                value = self._urls.resolve_srcset(text) or None
            case "class" | "rel" | "aria-describedby" | "headers":
                value = " ".join(self._filter_words(key, text.split())) or None
            case _:
                value = _filter_plain_value(key, text)
        return value

    def _filter_words(self, key: str, words: Sequence[str]) -> Iterator[str]:
        match key:
            case "class":
                return filter(_is_allowed_class, words)
            case "rel":
                return filter(_REL_WORD.fullmatch, words)
            case _:
                return filter(None, map(self._ids.find, words))

    def _resolve_href(self, href: str) -> str | None:
        if href.startswith("#"):
            name = self._ids.find(href[1:])
            own = self._ids.source_fragment(href[1:])
            return f"#{quote(name)}" if name else self._urls.resolve_link(f"#{own}")
        return self._urls.resolve_link(href)


def _with_lazy_urls(token: HtmlToken) -> HtmlToken:
    """Return ``token`` with the URLs that a script would fill in instead of placeholders."""
    if token.name not in _LAZY_ELEMENTS or not LAZY_URLS.keys() & token.attributes.keys():
        return token
    lazy = {
        LAZY_URLS[key]: value
        for key, value in reversed(tuple(token.attributes.items()))
        if key in LAZY_URLS and value.strip()
    }
    return token._replace(attributes={**token.attributes, **dict(sorted(lazy.items()))})


def _with_declared_id(token: HtmlToken) -> dict[str, str]:
    own = _declared_id(token)
    return {**token.attributes, "id": own} if own else dict(token.attributes)


def _declared_id(token: HtmlToken) -> str:
    """Return the id of ``token``, or the name of an anchor; empty if it has neither."""
    own = token.attributes.get("id", "")
    return own or (token.attributes.get("name", "") if token.name == "a" else "")


def _filter_plain_value(key: str, text: str) -> str | None:
    if key == "target":
        return "_blank" if text.strip("_").lower() == "blank" else None
    if key in ATTRIBUTE_VALUES:
        return text.lower() if text.lower() in ATTRIBUTE_VALUES[key] else None
    if key in _NUMERIC_ATTRIBUTES:
        return text if _NUMBER.fullmatch(text) else None
    return text


def _is_allowed_class(name: str) -> bool:
    return name in ALLOWED_CLASSES or _LANGUAGE_CLASS.fullmatch(name) is not None
