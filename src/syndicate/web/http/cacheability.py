"""Whether an answer may be given again without asking the application, and for how long."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from starlette.types import Scope

AdmitRequest = Callable[[str, str], bool]
"""Tells whether one more request is allowed of a peer with this X-Forwarded-For, and counts it."""

STATE_KEY: Final = "syndicate.repetition"
"""Where in the state of a scope its repetition stands."""


class CacheKey(NamedTuple):
    """All of a plain request that its answer may depend on, as it was sent."""

    method: bytes
    target: bytes
    accept_encoding: bytes | None
    if_none_match: bytes | None
    if_modified_since: bytes | None
    closes: bool
    """Whether the connection ends with the answer, which then says so."""


@dataclass(slots=True, kw_only=True)
class Cacheability:
    """What those who answer a request say about answering the same to whoever asks the same.

    ``is_current`` tells whether the answer would still be the same, byte for byte; None, as it is
    unless somebody knows, forbids. ``admit`` is to be asked for every request, if it is given.
    """

    key: CacheKey | None = None
    is_current: Callable[[], bool] | None = None
    admit: AdmitRequest | None = None


def get_cacheability(scope: Scope) -> Cacheability:
    """Return where to say it; what is said of a request that is not plain is lost."""
    found: object = scope.get("state", {}).get(STATE_KEY)
    return found if isinstance(found, Cacheability) else Cacheability()
