"""What commits of a source, a branch or the coming days change in its posts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from syndicate.model.edition import Edition, Problem
from syndicate.model.ledger import differing_fields
from syndicate.model.post import CommitId, Post

UNKNOWN_REVISION: Final = "unknown-revision"
"""The code of the error that no source has a branch, tag or commit."""

PostEffect = Literal["appeared", "changed", "vanished"]

_DIGEST_WORDS: Final = {
    "image": "picture",
    "authors": "author",
    "language": "translations",
    "url": "URL",
}
"""The words of fields whose inputs are outside the file of a post."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostChange:
    """What a commit did to a post: ``post`` as it was afterwards, or the last time if it vanished.

    ``details`` are the words of what changed. Posts that are not live yet, or no longer, count too.
    """

    effect: PostEffect
    post: Post
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitReport:
    """A commit and what it changed: the first ``changes`` out of ``total``.

    ``broken`` are the errors of files that could be read before the commit.
    """

    id: CommitId
    time: datetime
    """The committer's time, in the time zone of the source."""
    subject: str
    changes: tuple[PostChange, ...]
    total: int
    broken: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """The problems of a source, and for a preview what would change in feeds.

    Those that a branch adds are apart from the ``earlier_problems`` that were there when it began.
    ``changes`` is None where the report is about what is served.
    """

    source: str
    problems: tuple[Problem, ...] = ()
    earlier_problems: tuple[Problem, ...] = ()
    changes: tuple[PostChange, ...] | None = None


def preview_changes(before: Edition, after: Edition, source: str) -> tuple[PostChange, ...]:
    """Return what differs in ``source`` between two editions: what appears, changes and vanishes.

    In each group by path. Posts that are live in neither edition count as in `post_changes`.
    """
    snapshot = after.snapshot(source)
    hidden = {file.path: file.reason for file in snapshot.hidden}
    old = {post.tag_id: post for post in before.snapshot(source).posts}
    new = {post.tag_id: post for post in snapshot.posts}
    changes = {
        change.post.tag_id: change for change in post_changes([*old.values()], [*new.values()])
    }
    for key in old.keys() | new.keys():
        was_live = key in old and old[key].is_live(before.at)
        is_live = key in new and new[key].is_live(after.at)
        if is_live and not was_live:
            changes[key] = PostChange(effect="appeared", post=new[key])
        elif was_live and not is_live:
            post = new.get(key)
            reason = hidden.get(old[key].path, "the file is gone")
            reason = _reason_not_live(post, after) if post else reason
            gone = post or old[key]
            changes[key] = PostChange(effect="vanished", post=gone, details=(reason,))
    return tuple(sorted(changes.values(), key=lambda change: (change.effect, change.post.path)))


def _reason_not_live(post: Post, edition: Edition) -> str:
    """Return why a readable post is not in feeds, with a time in RFC 3339."""
    if post.expires and post.expires <= edition.at:
        return f"expires {post.expires.isoformat()}"
    return f"scheduled for {post.published.isoformat()}"


def post_changes(before: Sequence[Post], after: Sequence[Post]) -> Iterator[PostChange]:
    """Yield the differences between the posts of a source at two commits, in the order of paths.

    Posts are compared by identity, so that a renamed file is not another post.
    """
    old = {post.tag_id: post for post in before}
    new = {post.tag_id: post for post in after}
    changes = [
        *(PostChange(effect="appeared", post=new[key]) for key in new.keys() - old.keys()),
        *(PostChange(effect="vanished", post=old[key]) for key in old.keys() - new.keys()),
    ]
    for key in new.keys() & old.keys():
        details = tuple(_details(old[key], new[key]))
        if details:
            changes.append(PostChange(effect="changed", post=new[key], details=details))
    yield from sorted(changes, key=lambda change: change.post.path)


def _details(old: Post, new: Post) -> Iterator[str]:
    """Yield the words for what differs between two versions of a post; of a moved file, nothing."""
    if old is new:
        return
    found = tuple(dict.fromkeys(_differing_words(old, new)))
    yield from found
    if not found and old.blob != new.blob:
        yield "text or front matter"


def _differing_words(old: Post, new: Post) -> Iterator[str]:
    if old.title != new.title:
        yield "title"
    elif old.updated != new.updated and old.published == new.published:
        yield "text"
    for word, is_same in (
        ("URL", old.url == new.url),
        ("date", old.published == new.published),
        ("expiry", old.expires == new.expires),
        ("categories", old.categories == new.categories),
        ("carousel", old.carousel == new.carousel),
        ("language", old.language == new.language),
    ):
        if not is_same:
            yield word
    for field in sorted(differing_fields(old.digests, new.digests)):
        yield _DIGEST_WORDS.get(field, field)
