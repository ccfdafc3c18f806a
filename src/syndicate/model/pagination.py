"""Keyset pagination: the posts of a page, and the cursor of the next one."""

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
    """Posts of one page.

    ``next_cursor`` is None on the last page; ``previous_cursor`` is None on the first page and
    empty on the second.
    """

    posts: tuple[Post, ...]
    next_cursor: str | None
    previous_cursor: str | None = None


def paginate(posts: Sequence[Post], *, after: str, limit: int, carousel: bool = False) -> Page:
    """Return the ``limit`` posts that follow the cursor ``after`` in ``posts``.

    ``posts`` are in descending order by (published, id), or by day if ``carousel``. A cursor is a
    position in that order, so it stays valid when posts are added and removed. In a carousel, a
    page that starts at a removed post repeats the posts of its day. Raises `UsageError` for an
    invalid cursor.
    """
    start = _start_index(posts, _decode(after), carousel=carousel) if after else 0
    page_posts = tuple(posts[start : start + limit])
    has_more = start + limit < len(posts)
    previous_cursor = None
    if start:
        last = start - limit - 1
        previous_cursor = _encode(posts[last], carousel=carousel) if last >= 0 else ""
    return Page(
        posts=page_posts,
        next_cursor=_encode(page_posts[-1], carousel=carousel) if has_more else None,
        previous_cursor=previous_cursor,
    )


def paginate_names(
    names: Sequence[str], after: str, limit: int
) -> tuple[Sequence[str], str | None]:
    """Return up to ``limit`` sorted ``names`` after the cursor ``after``, and the next cursor.

    The cursor is a name, so it stays valid when names are added and removed. Raises `UsageError`
    for an invalid cursor.
    """
    start = bisect_right(names, _decode_name(after)) if after else 0
    page_names = names[start : start + limit]
    has_more = start + limit < len(names)
    return page_names, _encode_text(f"={page_names[-1]}") if has_more else None


def previous_name_cursor(names: Sequence[str], after: str, limit: int) -> str | None:
    """Return the cursor of the page before the one after ``after``.

    It is None on the first page and empty on the second. Raises `UsageError` for an invalid cursor.
    """
    start = bisect_right(names, _decode_name(after)) if after else 0
    if not start:
        return None
    return _encode_text(f"={names[start - limit - 1]}") if start > limit else ""


def _decode_name(cursor: str) -> str:
    text = _decode_text(cursor)
    if not text.startswith("="):
        raise malformed_cursor(cursor)
    return text[1:]


def malformed_cursor(cursor: str) -> UsageError:
    """Return the error for an invalid cursor."""
    return UsageError(
        f"invalid cursor in 'after': {cursor!r}",
        code="malformed-cursor",
        hint="Follow next_url, or omit 'after' to start from the first page.",
    )


def _start_index(posts: Sequence[Post], cursor: tuple[str, str], *, carousel: bool) -> int:
    stamp, post_id = cursor
    if not carousel:
        position = (int(stamp), post_id)
        return bisect_left(posts, True, key=lambda post: (_micros(post), post.tag_id) < position)
    day = int(stamp)
    start = bisect_left(posts, -day, key=lambda post: -post.day.toordinal())
    end = bisect_left(posts, 1 - day, lo=start, key=lambda post: -post.day.toordinal())
    same = [n for n in range(start, end) if posts[n].tag_id == post_id]
    return same[0] + 1 if same else start


def _micros(post: Post) -> int:
    return (post.published - _EPOCH) // timedelta(microseconds=1)


def _encode(post: Post, *, carousel: bool) -> str:
    stamp = post.day.toordinal() if carousel else _micros(post)
    return _encode_text(f"{stamp} {post.tag_id}")


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
