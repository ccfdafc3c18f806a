"""URLs in posts: resolving them, and finding the internal ones."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from urllib.parse import quote, urljoin, urlsplit

from syndicate.model.markdown_options import MarkdownEngine
from syndicate.render.allowlist import LINK_SCHEMES, RESOURCE_SCHEMES
from syndicate.render.html_tokens import remove_invalid_characters, unescape_entities
from syndicate.render.templates.template_tags import UNRESOLVED_URL

_TRIMMED_CHARACTERS: Final = (
    "".join(
        [*map(chr, range(33)), *map(chr, range(0x2000, 0x2010)), "\x7f\xa0\u1680\u2028\u2029\u202f"]
    )
    + "\u205f\u2060\u3000\ufeff"
)
_LINE_BREAKS: Final = str.maketrans("", "", "\t\n\r\ufeff")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_HTTP_SCHEME: Final = re.compile(r"(https?):[/\\]*", re.IGNORECASE)
_HOST: Final = re.compile(r"[A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\]")
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LABEL: Final = r"[a-z0-9_\-]{1,63}+"
_UNESCAPED: Final = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/\-]++|%[0-9A-Fa-f]{2})"
_CANONICAL_URL: Final = re.compile(
    rf"https?://{_LABEL}(?:\.{_LABEL})*+(?:/{_UNESCAPED}*+)?+"
    rf"(?:\?(?:{_UNESCAPED}|\?)++)?+(?:#(?:{_UNESCAPED}|\?)++)?+"
)
"""A URL that needs no resolving, as most."""

_SAFE_CHARACTERS: Final = "%!$&'()*+,;=:@/?~"


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlResolver:
    """Resolves the URLs of one post relative to ``page_url``.

    ``link_targets`` maps links, ``asset_urls`` maps images and media; the keys are as in the post,
    or without ``base_path``, which the paths of the site begin with.
    """

    page_url: str
    link_targets: Mapping[str, str] = field(default_factory=dict)
    asset_urls: Mapping[str, str] = field(default_factory=dict)
    base_path: str = ""

    def resolve_link(self, url: str) -> str | None:
        """Return the absolute URL of a link, None if it is invalid or its scheme not allowed."""
        if UNRESOLVED_URL in url:
            return None
        name, hash_sign, fragment = url.partition("#")
        target = self.link_targets.get(url) or self.link_targets.get(name)
        target = target or self.link_targets.get(self._without_base(name))
        if target:
            url = target + (hash_sign + fragment if target != self.link_targets.get(url) else "")
        return absolute_url(url, self.page_url, LINK_SCHEMES)

    def resolve_resource(self, url: str) -> str | None:
        """Return the absolute URL of an image, video or audio, None if invalid or not allowed."""
        if UNRESOLVED_URL in url:
            return None
        resolved = absolute_url(url, self.page_url, RESOURCE_SCHEMES)
        if not self.asset_urls:
            return resolved
        parts = urlsplit(resolved or "")
        is_own = parts.netloc == urlsplit(self.page_url).netloc
        path = self._without_base(parts.path)
        names = (url, parts.path, path, path.lstrip("/")) if is_own else (url,)
        asset = next((self.asset_urls[name] for name in names if name in self.asset_urls), "")
        return absolute_url(asset, self.page_url, RESOURCE_SCHEMES) if asset else resolved

    def _without_base(self, path: str) -> str:
        below = path.startswith(f"{self.base_path}/")
        return path.removeprefix(self.base_path) if below else path

    def resolve_srcset(self, srcset: str) -> str:
        """Return ``srcset`` with absolute URLs; invalid candidates are left out."""
        candidates = []
        for url, descriptor in srcset_candidates(srcset):
            resolved = self.resolve_resource(url)
            if resolved:
                candidates.append(f"{resolved.replace(',', '%2C')} {descriptor}".rstrip())
        return ", ".join(candidates)


def absolute_url(url: str, base: str, schemes: frozenset[str]) -> str | None:
    """Return ``url`` as an absolute URL relative to ``base``, None if it is invalid.

    Parses as browsers do (URL Living Standard section 4.4: surrounding white space, line breaks,
    backslashes, missing slashes after the scheme) and returns a URI of RFC 3986: characters
    outside ASCII are percent-encoded once, the host is in IDNA form.
    """
    if _CANONICAL_URL.fullmatch(url):
        return url
    text = url.strip(_TRIMMED_CHARACTERS).translate(_LINE_BREAKS)
    web, scheme = _HTTP_SCHEME.match(text), _SCHEME.match(text)
    if web:
        text = f"{web[1].lower()}://{text[web.end() :]}"
    elif scheme:
        name = scheme[1].lower()
        rest = _percent_encode(text[scheme.end() :])
        return f"{name}:{rest}" if name in schemes - RESOURCE_SCHEMES and rest else None
    elif not text:
        return None
    try:
        return _to_uri(text if web else urljoin(base, _fix_slashes(text)))
    except ValueError:
        return None


def srcset_candidates(srcset: str) -> Iterator[tuple[str, str]]:
    """Yield (URL, descriptor) of each candidate (HTML Living Standard section 4.8.4.2.1)."""
    rest = srcset.strip()
    while rest := rest.lstrip(", \t\n\f\r"):
        parts = rest.split(None, 1)
        url, rest = parts[0], "".join(parts[1:])
        descriptor = ""
        if not url.endswith(","):
            descriptor, _, rest = rest.partition(",")
        yield url.rstrip(","), " ".join(descriptor.split())


def _fix_slashes(relative: str) -> str:
    path = re.match(r"[^?#]*", relative)
    end = path.end() if path else 0
    return relative[:end].replace("\\", "/") + relative[end:]


def _to_uri(url: str) -> str | None:
    parts = urlsplit(_fix_slashes(url))
    host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
    if ":" in host:
        host = f"[{host}]"
    if not _HOST.fullmatch(host):
        return None
    user, at, _ = parts.netloc.rpartition("@")
    port = f":{parts.port}" if parts.port is not None else ""
    query = f"?{_percent_encode(parts.query)}" if parts.query else ""
    fragment = f"#{_percent_encode(parts.fragment)}" if parts.fragment else ""
    return f"{parts.scheme}://{_percent_encode(user)}{at}{host}{port}{_percent_encode(parts.path)}{query}{fragment}"


def _percent_encode(text: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", text), safe=_SAFE_CHARACTERS)


_URL_PATTERNS: Final = (
    ("](", re.compile(r"\]\(\s*<?([^\s)>]+)")),
    ("]:", re.compile(r"^[ ]{0,3}\[[^\]\n]+\]:\s*<?([^\s>]+)", re.MULTILINE)),
    (
        "=",
        re.compile(
            r"""=(?:(?<=\bhref=)|(?<=\bsrc=)|(?<=\bposter=))["']([^"'\n]+)""", re.IGNORECASE
        ),
    ),
)
"""Patterns of the URLs in Markdown links, link definitions and attributes, each with a string that
every match contains."""

EXTERNAL: Final = re.compile(rf"[a-zA-Z][a-zA-Z0-9+.-]*:|//|\?|.*(?:[{{}}]|{UNRESOLVED_URL})")
"""Matches what is not the name or path of a page or file of the site."""


class References(NamedTuple):
    """The names and paths of pages and files of the site in a body, each once, no fragments.

    ``links`` are the arguments of template tags such as ``ref`` and ``post_url`` and the relative
    URLs of links and images: the keys of a request's ``link_targets`` and ``asset_urls``.
    ``pages`` are those of the tags only.
    """

    links: tuple[str, ...]
    pages: tuple[str, ...]


def find_references(body: str, engine: MarkdownEngine) -> References:
    """Return what ``body``, which ``engine`` reads, refers to."""
    text, tag_names = _resolve_tags(remove_invalid_characters(body), engine)
    pages = _unique(tag_names)
    return References(
        links=_unique((*pages, *map(unescape_entities, find_urls(text)))), pages=pages
    )


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    paths = (name.partition("#")[0] for name in names)
    return tuple(dict.fromkeys(name for name in paths if name and not EXTERNAL.match(name)))


def find_urls(text: str) -> Iterator[str]:
    """Yield the URLs in ``text`` in order; of overlapping ones the first."""
    patterns = [pattern for required, pattern in _URL_PATTERNS if required in text]
    found = [(match, pattern) for pattern in patterns if (match := pattern.search(text))]
    while found:
        first, _ = min(found, key=lambda pair: pair[0].start())
        yield first[1]
        end = first.end()
        rest = (
            (match if match.start() >= end else pattern.search(text, end), pattern)
            for match, pattern in found
        )
        found = [(match, pattern) for match, pattern in rest if match]


def _resolve_tags(body: str, engine: MarkdownEngine) -> tuple[str, tuple[str, ...]]:
    """Return ``body`` with its template tags resolved, and the posts that the tags name."""
    if "{{" not in body and "{%" not in body:  # most posts
        return body, ()
    # Goal: a start from the cache answers the first feed after 0.7 s; the Markdown libraries, which
    # the templates use and this process otherwise does not, take 50 ms more.
    from syndicate.render.templates import template_context, template_resolver  # noqa: PLC0415

    context = template_context.TemplateContext(site_url="", page_url="", engine=engine)
    resolved = template_resolver.resolve_templates(body, context, first_line=1)
    return resolved.text, resolved.referenced_names
