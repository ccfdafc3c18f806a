"""Types of settings and the base class of tables; errors name what is expected."""

import ipaddress
import re
import tomllib
from collections.abc import Callable, Iterable
from contextlib import suppress
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network
from itertools import permutations
from typing import Annotated, Final
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from syndicate.dialects import DIALECTS
from syndicate.dialects.fields import DEFAULT_KEYS
from syndicate.errors import UsageError
from syndicate.model.category import slug
from syndicate.model.contact import check_contact

SECRET_KEYS: Final = frozenset(
    {"secret_key", "previous_secret_keys", "metrics_token", "hook_secret", "notify"}
)
"""Keys whose values are never displayed; who has the URL of a chat in `notify` can write there."""

MASK: Final = "********"


def did_you_mean(text: str, choices: Iterable[str]) -> str:
    """Return a suggestion of the most similar of ``choices``, "" if none is similar."""
    by_lower = {name.lower(): name for name in choices}
    matches = get_close_matches(text.lower(), by_lower, n=1)
    return f" (did you mean {by_lower[matches[0]]}?)" if matches else ""


def without_password(text: str) -> str:
    """Return ``text`` with passwords, tokens and users of the URLs in it masked."""
    text = re.sub(r"(?<=://)([^/@:\s]*):[^/@\s]*(?=@)", rf"\1:{MASK}", text)
    text = re.sub(r"(https?://)[^/@:\s]+(?=@)", rf"\1{MASK}", text)
    return re.sub(r"(?<=[?&]password=)[^&\s\"]*", MASK, text)


def _parse_list(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return tomllib.loads(f"list = {value}")["list"]
    except tomllib.TOMLDecodeError:
        raise ValueError('expected a list such as ["a", "b"]') from None


ListOrText = BeforeValidator(_parse_list)
"""A list; an environment variable holds it as text, in TOML syntax."""


def _make_pattern_check(pattern: str, expectation: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if compiled.fullmatch(text):
            return text
        raise ValueError(expectation)

    return check


def _make_optional(check: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: check(text) if text else text


def _feed_name(text: str) -> str:
    if text in ("all", "carousel"):
        raise ValueError("expected a name other than all and carousel, which are reserved")
    return text


def _dialect(text: str) -> str:
    if text in DIALECTS:
        return text
    raise ValueError(f"expected one of {', '.join(DIALECTS)}{did_you_mean(text, DIALECTS)}")


def _field_name(text: str) -> str:
    if text in DEFAULT_KEYS:
        return text
    offer = did_you_mean(text, DEFAULT_KEYS) or f"; valid values: {', '.join(DEFAULT_KEYS)}"
    raise ValueError(f"unknown field{offer}")


def _category_slug(text: str) -> str:
    if text and slug(text) == text:
        return text
    raise ValueError(f"expected a slug such as {slug(text) or 'social-media'}")


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"expected an IANA time zone{did_you_mean(text, available_timezones())}"
        ) from None


def _network(value: object) -> IPv4Network | IPv6Network:
    text = str(value)
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        hint = f" ({error})" if "host bits" in str(error) else ""
    raise ValueError(f"expected a network in CIDR notation such as 10.1.0.0/16{hint}")


def _ref(text: str) -> str:
    """Return ``text`` if it is a valid name of a ref (git-check-ref-format)."""
    if re.fullmatch(
        r"[^-/.\s~^:?*\[\\]([^\x00-\x20\x7f~^:?*\[\\]*[^/.\s~^:?*\[\\])?", text
    ) and not re.search(r"\.\.|//|/\.|@\{|\.lock(/|$)", text):
        return text
    raise ValueError("expected the name of a branch, tag or other ref, such as main")


def _preview_ref(text: str) -> str:
    """Return ``text`` if it is a full ref, in which ``*`` stands for any characters."""
    try:
        is_ref = text.startswith("refs/") and bool(_ref(text.replace("*", "x")))
    except ValueError:
        is_ref = False
    if is_ref:
        return text
    raise ValueError("expected full refs such as refs/heads/editorial or refs/pull/*/head")


def _folder(text: str) -> str:
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/") or ".." in parts:
        raise ValueError("expected a folder inside the repository, such as content/posts")
    return "/".join(parts)


def _folders(folders: tuple[str, ...]) -> tuple[str, ...]:
    if not folders:
        raise ValueError("expected at least one folder")
    for inner, outer in permutations(folders, 2):
        if f"{inner}/".startswith(f"{outer}/" if outer else ""):
            raise ValueError(
                f"folders overlap: {inner} is inside {outer or 'the whole repository'}"
            )
    return folders


def _retry_delays(delays: tuple[float, ...]) -> tuple[float, ...]:
    if delays and list(delays) == sorted(delays):
        return delays
    raise ValueError("expected at least one delay, in ascending order")


_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"
_HOST_AND_PORT = rf"({_HOST}|\[[0-9A-Fa-f:.]+\])(:[0-9]{{1,5}})?"

_host = _make_pattern_check(_HOST, "expected a host such as video.example.gov")
_authority = _make_pattern_check(rf"([\w.+-]+@)?{_HOST}", "expected a host or e-mail address")
_web_url = _make_pattern_check(
    rf"https?://{_HOST_AND_PORT}(/[^\s?#]*)?",
    "expected an absolute http or https URL without query, fragment or user",
)
_proxy = _make_pattern_check(
    rf"https?://([^/@\s]+@)?{_HOST_AND_PORT}/?",
    "expected an empty value or an http or https URL such as http://proxy.example.gov:3128",
)
_database = _make_pattern_check(
    r"sqlite:///(?!:memory:)\S.*"
    r"|postgres(ql)?://([^/\s]*@)?([^]/:@[\s]*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/[^/\s]+",
    "expected sqlite:///FILE or postgresql://USER@HOST/NAME",
)
_path = _make_pattern_check(r"/\S*", "expected a path that begins with a slash")
_target = _make_pattern_check(
    r"(/|https?://)\S*", "expected a path that begins with a slash, or a URL"
)
_link = _make_pattern_check(
    r"(/|https?://|mailto:)\S*",
    "expected a URL, or a path that begins with a slash",
)
_language = _make_pattern_check(
    r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", "expected a language tag (BCP 47) such as en or es-PR"
)


def _without_trailing_slash(url: str) -> str:
    return url.rstrip("/")


Text = Annotated[str, AfterValidator(_make_pattern_check(r"(?s).+", "expected non-empty text"))]
Name = Annotated[
    str, AfterValidator(_make_pattern_check(r"[a-z0-9-]+", "expected only a-z, 0-9 and hyphens"))
]
FeedName = Annotated[Name, AfterValidator(_feed_name)]
CategorySlug = Annotated[str, AfterValidator(_category_slug)]
Dialect = Annotated[
    str, AfterValidator(_dialect), WithJsonSchema({"type": "string", "enum": list(DIALECTS)})
]
FieldName = Annotated[str, AfterValidator(_field_name)]
Host = Annotated[str, AfterValidator(_host)]
Authority = Annotated[str, AfterValidator(_make_optional(_authority))]
WebUrl = Annotated[str, AfterValidator(_web_url), AfterValidator(_without_trailing_slash)]


def _contact(text: str) -> str:
    with suppress(UsageError):
        check_contact(text)
        if text:
            return text
    raise ValueError("expected mailto:web-team@example.gov or an https URL")


OptionalWebUrl = Annotated[
    str, AfterValidator(_make_optional(_web_url)), AfterValidator(_without_trailing_slash)
]
NoticesUrl = Annotated[str, AfterValidator(_make_optional(_web_url))]
Proxy = Annotated[str, AfterValidator(_make_optional(_proxy))]
DatabaseUrl = Annotated[str, AfterValidator(_database)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
UrlPath = Annotated[str, AfterValidator(_path)]
RedirectTarget = Annotated[str, AfterValidator(_make_optional(_target))]
LinkUrl = Annotated[str, AfterValidator(_link)]
OptionalLinkUrl = Annotated[str, AfterValidator(_make_optional(_link))]
Ref = Annotated[str, AfterValidator(_ref)]
PreviewRef = Annotated[str, AfterValidator(_preview_ref)]
Contact = Annotated[str, AfterValidator(_contact)]
TimeZone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, AfterValidator(_language)]
Folders = Annotated[
    tuple[Annotated[str, AfterValidator(_folder)], ...],
    ListOrText,
    AfterValidator(_folders),
]
RetryDelays = Annotated[
    tuple[Annotated[float, Field(ge=0, le=2592000)], ...],
    ListOrText,
    AfterValidator(_retry_delays),
]


class Table(BaseModel):
    """Base class of the tables: unknown keys are errors, values cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
