"""Makes every address in a post absolute, as a browser on the post's own page would."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from syndicate.render.allowed import LINK_SCHEMES, RESOURCE_SCHEMES

_EDGES: Final = (
    "".join(
        [*map(chr, range(33)), *map(chr, range(0x2000, 0x2010)), "\x7f\xa0\u1680\u2028\u2029\u202f"]
    )
    + "\u205f\u2060\u3000\ufeff"
)
_LINE_BREAKS: Final = str.maketrans("", "", "\t\n\r\ufeff")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_WEB: Final = re.compile(r"(https?):[/\\]*", re.IGNORECASE)
_HOST: Final = re.compile(r"[A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\]")
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LABEL: Final = r"[a-z0-9_\-]{1,63}+"
_KEPT: Final = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/\-]++|%[0-9A-Fa-f]{2})"
_REGULAR: Final = re.compile(
    rf"https?://{_LABEL}(?:\.{_LABEL})*+(?:/{_KEPT}*+)?+"
    rf"(?:\?(?:{_KEPT}|\?)++)?+(?:#(?:{_KEPT}|\?)++)?+"
)
"""What is an absolute address already, as most are."""

_SAFE: Final = "%!$&'()*+,;=:@/?~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """What the addresses of one post are relative to, and which of them mean something else.

    ``targets`` says what links mean, as written; ``assets`` what replaces an image's address.
    """

    page_url: str
    targets: Mapping[str, str] = field(default_factory=dict)
    assets: Mapping[str, str] = field(default_factory=dict)

    def link(self, written: str) -> str | None:
        """Return where the link ``written`` leads, None if it cannot lead anywhere."""
        name, hash_sign, fragment = written.partition("#")
        target = self.targets.get(written) or self.targets.get(name)
        if target:
            written = target + (hash_sign + fragment if target == self.targets.get(name) else "")
        return absolute(written, self.page_url, LINK_SCHEMES)

    def resource(self, written: str) -> str | None:
        """Return where the image, sound or film ``written`` is, None if nowhere."""
        address = absolute(written, self.page_url, RESOURCE_SCHEMES)
        if not self.assets:
            return address
        parts = urlsplit(address or "")
        is_own = parts.netloc == urlsplit(self.page_url).netloc
        names = (written, parts.path, parts.path.lstrip("/")) if is_own else (written,)
        asset = next((self.assets[name] for name in names if name in self.assets), "")
        return absolute(asset, self.page_url, RESOURCE_SCHEMES) if asset else address

    def srcset(self, written: str) -> str:
        """Return ``written`` with every usable address absolute; descriptors stay as they are."""
        kept = []
        for address, descriptor in candidates(written):
            resolved = self.resource(address)
            if resolved:
                kept.append(f"{resolved.replace(',', '%2C')} {descriptor}".rstrip())
        return ", ".join(kept)


def absolute(written: str, base: str, schemes: frozenset[str]) -> str | None:
    """Return ``written`` as an absolute address relative to ``base``, None if it is broken.

    Reads what people write as browsers do (URL Living Standard section 4.4: blanks around it,
    line breaks in it, backslashes, missing slashes after the scheme) and returns a URI of
    RFC 3986: what is not ASCII is percent-encoded once, a host is in IDNA form.
    """
    if _REGULAR.fullmatch(written):
        return written
    text = written.strip(_EDGES).translate(_LINE_BREAKS)
    web, scheme = _WEB.match(text), _SCHEME.match(text)
    if web:
        text = f"{web[1].lower()}://{text[web.end() :]}"
    elif scheme:
        name = scheme[1].lower()
        rest = _encode(text[scheme.end() :])
        return f"{name}:{rest}" if name in schemes - RESOURCE_SCHEMES and rest else None
    elif not text:
        return None
    try:
        return _uri(text if web else urljoin(base, _slashes(text)))
    except ValueError:
        return None


def candidates(srcset: str) -> Iterator[tuple[str, str]]:
    """Yield (address, descriptor) of each candidate (HTML Living Standard section 4.8.4.2.1)."""
    rest = srcset.strip()
    while rest := rest.lstrip(", \t\n\f\r"):
        parts = rest.split(None, 1)
        address, rest = parts[0], "".join(parts[1:])
        descriptor = ""
        if not address.endswith(","):
            descriptor, _, rest = rest.partition(",")
        yield address.rstrip(","), " ".join(descriptor.split())


def _slashes(relative: str) -> str:
    path = re.match(r"[^?#]*", relative)
    end = path.end() if path else 0
    return relative[:end].replace("\\", "/") + relative[end:]


def _uri(address: str) -> str | None:
    parts = urlsplit(_slashes(address))
    host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
    if ":" in host:
        host = f"[{host}]"
    if not _HOST.fullmatch(host):
        return None
    user, at, _ = parts.netloc.rpartition("@")
    port = f":{parts.port}" if parts.port is not None else ""
    query = f"?{_encode(parts.query)}" if parts.query else ""
    fragment = f"#{_encode(parts.fragment)}" if parts.fragment else ""
    return f"{parts.scheme}://{_encode(user)}{at}{host}{port}{_encode(parts.path)}{query}{fragment}"


def _encode(text: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", text), safe=_SAFE)
