"""Keyset paging: which posts of a selection are on a page, and where the next one begins."""

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from syndicate.errors import UsageError
from syndicate.model.post import Post

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some posts of a selection; ``after`` is the cursor of the next page, None on the last."""

    posts: tuple[Post, ...]
    next_cursor: str | None


def paginate(posts: Sequence[Post], *, after: str, limit: int, carousel: bool = False) -> Page:
    """Return the ``limit`` posts that follow the cursor ``after`` in ``posts``.

    ``posts`` are in their order: by (published, id), or by day if ``carousel``, descending.
    A cursor is a position in that order, so it stays good when posts come and go. Within one
    carousel day, a page that begins at a post which left repeats that day.
    Raises `UsageError` for a text that is not a cursor.
    """
    start = _start_index(posts, _decode(after), carousel=carousel) if after else 0
    chosen = tuple(posts[start : start + limit])
    has_more = start + limit < len(posts)
    return Page(
        posts=chosen, next_cursor=_encode(chosen[-1], carousel=carousel) if has_more else None
    )


def paginate_names(
    names: Sequence[str], after: str, limit: int
) -> tuple[Sequence[str], str | None]:
    """Return the ``limit`` of ``names`` that follow the cursor ``after``, and the next cursor.

    ``names`` are sorted; the cursor is a name, so that it stays good when names come and go.
    Raises `UsageError` for a text that is not a cursor.
    """
    start = bisect_right(names, _decode_name(after)) if after else 0
    chosen = names[start : start + limit]
    has_more = start + limit < len(names)
    return chosen, _encode_text(f"={chosen[-1]}") if has_more else None


def _decode_name(cursor: str) -> str:
    text = _decode_text(cursor)
    if not text.startswith("="):
        raise malformed_cursor(cursor)
    return text[1:]


def malformed_cursor(cursor: str) -> UsageError:
    """Return the error that a text is no cursor of any list."""
    return UsageError(
        f"after cannot be {cursor!r}",
        code="malformed-cursor",
        hint="Follow next_url, or leave after out to begin anew.",
    )


def _start_index(posts: Sequence[Post], cursor: tuple[str, str], *, carousel: bool) -> int:
    stamp, post_id = cursor
    if not carousel:
        position = (int(stamp), post_id)
        return bisect_left(posts, True, key=lambda post: (_micros(post), post.id) < position)
    day = int(stamp)
    start = bisect_left(posts, -day, key=lambda post: -post.day.toordinal())
    end = bisect_left(posts, 1 - day, lo=start, key=lambda post: -post.day.toordinal())
    same = [n for n in range(start, end) if posts[n].id == post_id]
    return same[0] + 1 if same else start


def _micros(post: Post) -> int:
    return (post.published - _EPOCH) // timedelta(microseconds=1)


def _encode(post: Post, *, carousel: bool) -> str:
    stamp = post.day.toordinal() if carousel else _micros(post)
    return _encode_text(f"{stamp} {post.id}")


def _decode(cursor: str) -> tuple[str, str]:
    try:
        stamp, post_id = _decode_text(cursor).split(" ", 1)
        int(stamp)
    except ValueError:
        raise malformed_cursor(cursor) from None
    return stamp, post_id


def _encode_text(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode_text(cursor: str) -> str:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise malformed_cursor(cursor) from None
