"""Explains the posts of an edition: their fields, the origins of these, feeds and history."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from syndicate.content.link_targets import LinkTargets
from syndicate.content.site_pages import post_url
from syndicate.content.site_source import (
    DEFAULT_ORIGIN,
    DIALECT_ORIGIN,
    SiteSource,
    engine_of_body,
    markdown_origin,
    own_pattern,
)
from syndicate.dialects.fields import Fields
from syndicate.dialects.front_matter.categories import SOURCE_CATEGORIES
from syndicate.errors import UnknownName
from syndicate.model.edition import Edition, Problem, SourceSnapshot
from syndicate.model.explanation import Explanation, FeedMembership, Field, HistoryEntry
from syndicate.model.near_misses import near_misses
from syndicate.model.post import PAGE_EXTENSIONS, BlobId, Path, Post, RenderedPost
from syndicate.model.selection import Selection
from syndicate.service.content_check import check_edition
from syndicate.service.content_service import ContentService
from syndicate.settings import Settings
from syndicate.sites.site import SETTINGS_PATTERN

_QUERY: Final = re.compile(r"[?#].*", re.DOTALL)
_DAY: Final = re.compile(r"\d{4}-\d{1,2}-\d{1,2}-")
_MAX_SIMILAR: Final = 5
_MAX_EXPLAINED: Final = 20
"""Files of one name that are explained: each takes a replay of the history."""


def explain_posts(content: ContentService, edition: Edition, text: str) -> tuple[Explanation, ...]:
    """Explain the files that ``text`` names: by path, URL, key or ID.

    A path may exist in several sources, and a file name in several folders: of many, the first
    20 are explained. Raises `UnknownName` if it exists in none.
    """
    text = text.strip().removeprefix("./")
    matching = tuple(_matching_files(edition, text))
    if matching:
        return tuple(_explain_files(content, edition, matching))
    found = tuple(_removed_files(content, edition, text))
    if found:
        return found
    raise UnknownName(
        f"no file of any source matches {text!r}",
        code="unknown-post",
        choices=_similar_files(edition, text),
        hint="Use a path relative to the root of the repository, a URL, a key or an ID.",
    )


def _similar_files(edition: Edition, text: str) -> tuple[str, ...]:
    """Return the paths of a few files whose names are similar to the end of a path or URL."""
    paths = {
        _plain_name(path): path
        for snapshot in edition.snapshots
        for path in (
            *(post.path for post in snapshot.posts),
            *(file.path for file in snapshot.hidden),
        )
    }
    requested = _plain_name(_QUERY.sub("", text))
    candidates = near_misses(requested, sorted(paths))
    return tuple(paths[name] for name in get_close_matches(requested, candidates, n=_MAX_SIMILAR))


def _plain_name(path: str) -> str:
    """Return the last part of a path or URL without its date and its extension, in lower case."""
    name = path.rstrip("/").rpartition("/")[2].lower()
    return _DAY.sub("", name.partition(".")[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    """A file that was asked for: its post, or why it has none."""

    snapshot: SourceSnapshot
    path: Path
    post: Post | None = None
    reason: str = ""

    def owns(self, problem: Problem) -> bool:
        """Return whether ``problem`` is that of this file."""
        return (problem.source, problem.path) == (self.snapshot.source.name, self.path)


def _matching_files(edition: Edition, text: str) -> Iterator[_Match]:
    for snapshot in edition.snapshots:
        posts = [post for post in snapshot.posts if _is_match(post, text)]
        for post in posts:
            yield _Match(snapshot=snapshot, path=post.path, post=post)
        paths = {file.path: file.reason for file in snapshot.hidden if file.path == text}
        for path in {p.path for p in snapshot.problems if p.path == text} - {p.path for p in posts}:
            paths.setdefault(path, "excluded by a problem")
        for path, reason in paths.items():
            yield _Match(snapshot=snapshot, path=path, reason=reason)


def _explain_files(
    content: ContentService, edition: Edition, matching: Sequence[_Match]
) -> Iterator[Explanation]:
    """Yield the explanations of the first of ``matching``, with the number of those left out."""
    described = matching[:_MAX_EXPLAINED]
    # Once for all: a bundle of Hugo is often called index.md, and so are thousands of others.
    paths = {match.path for match in described}
    problems = tuple(check_edition(content, edition, lambda path: path in paths))
    left = len(matching) - len(described)
    for match in described:
        own = tuple(problem for problem in problems if match.owns(problem))
        explanation = (
            _explain_unserved(content, match)
            if match.post is None
            else _explain_post(content, edition, match.snapshot, match.post)
        )
        yield replace(explanation, problems=own, other_matches=left)


def _explain_unserved(content: ContentService, match: _Match) -> Explanation:
    snapshot, path = match.snapshot, match.path
    return Explanation(
        source=snapshot.source.name,
        path=path,
        commit=snapshot.commit,
        zone=snapshot.source.zone,
        hidden=match.reason,
        hidden_origin=_hidden_origin(content, snapshot, path, match.reason),
        fields=_unserved_fields(content, snapshot, path),
        history=_history(content, snapshot, path),
    )


def _removed_files(content: ContentService, edition: Edition, text: str) -> Iterator[Explanation]:
    """Yield the explanation of a file that a commit removed."""
    if not text.endswith(PAGE_EXTENSIONS):
        return
    for snapshot in edition.snapshots:
        history = _history(content, snapshot, Path(text))
        if history:
            yield Explanation(
                source=snapshot.source.name,
                path=Path(text),
                commit=snapshot.commit,
                zone=snapshot.source.zone,
                hidden=f"the file was removed or renamed on {history[-1].at:%Y-%m-%d}",
                history=history,
            )


def _is_match(post: Post, text: str) -> bool:
    """Return whether ``text`` names ``post``; a URL may be of the site or of this service."""
    if text in (post.path, post.key, post.id, post.tag, post.path.rpartition("/")[2]):
        return True
    url = _QUERY.sub("", text).rstrip("/")
    return url == post.url.rstrip("/") or url.endswith(f"/posts/{post.key}")


def _explain_post(
    content: ContentService, edition: Edition, snapshot: SourceSnapshot, post: Post
) -> Explanation:
    index = content.index(snapshot.source)
    (render_input,) = index.render_inputs([post], LinkTargets(posts=()))
    (rendered_post,) = content.render_posts([post], edition)
    return Explanation(
        source=snapshot.source.name,
        path=post.path,
        commit=snapshot.commit,
        zone=snapshot.source.zone,
        hidden=_reason_not_live(post, edition),
        post_id=post.id,
        title=post.title,
        same_title=tuple(
            other.path
            for other_snapshot in edition.snapshots
            for other in other_snapshot.posts
            if other.title == post.title and other is not post
        ),
        url=post.url,
        fields=tuple(
            _fields(rendered_post, render_input.fields, index.site_source, content.settings)
        ),
        feeds=tuple(
            FeedMembership(
                feed=feed.name,
                reason=_reason_not_live(post, edition) or exclusion_reason(post, feed.selection),
            )
            for feed in edition.feeds.values()
        ),
        history=_history(
            content,
            snapshot,
            post.path,
            served=None if _reason_not_live(post, edition) else post.blob,
        ),
    )


def _unserved_fields(
    content: ContentService, snapshot: SourceSnapshot, path: Path
) -> tuple[Field, ...]:
    """Return the fields of a file that is not served, as far as it can be parsed."""
    fields = content.index(snapshot.source).parsed_file(path, snapshot.commit).fields
    if fields is None:
        return ()
    origins = dict(fields.origins)
    published = fields.published.isoformat() if fields.published else ""
    values: dict[str, str | bool] = {
        "title": fields.title,
        "published": published[:10] if fields.precision == "day" else published,
        "expires": fields.expires.isoformat() if fields.expires else "",
        "permalink": fields.permalink,
        "language": fields.language,
        "categories": ", ".join(category.slug for category in fields.categories),
        "carousel": fields.carousel,
        "summary": fields.summary,
        "image": fields.image,
        "authors": ", ".join(fields.authors),
    }
    return tuple(
        Field(name=name, value=value, origin=origins[name])
        for name, value in values.items()
        if value and name in origins
    )


def _hidden_origin(
    content: ContentService, snapshot: SourceSnapshot, path: Path, reason: str
) -> str:
    """Return the origin of the key that hides a file, empty if ``reason`` is another one."""
    fields = content.index(snapshot.source).parsed_file(path, snapshot.commit).fields
    if fields is None or fields.hidden_reason != reason:
        return ""
    return dict(fields.origins).get("hidden", "")


def _history(
    content: ContentService, snapshot: SourceSnapshot, path: Path, *, served: BlobId | None = None
) -> tuple[HistoryEntry, ...]:
    """Return the history of a file; the last version with the blob ``served`` is the served one."""
    entries = content.index(snapshot.source).timeline(path, snapshot.commit)
    commits = [entry.commit for entry in entries if served and entry.blob == served]
    return tuple(
        HistoryEntry(
            at=entry.time.astimezone(snapshot.source.zone),
            commit=entry.commit,
            what=entry.description,
            served=entry.commit in commits[-1:],
        )
        for entry in entries
    )


def _reason_not_live(post: Post, edition: Edition) -> str:
    """Return why ``post`` is not live at the time of ``edition``, empty if it is."""
    if post.published > edition.at:
        return f"scheduled for {post.published.isoformat()}"
    if post.expires and post.expires <= edition.at:
        return f"expired on {post.expires.isoformat()}"
    return ""


_NOT_IN_CAROUSEL: Final = "carousel_show is not set to true"


def exclusion_reason(post: Post, selection: Selection) -> str:
    """Return why ``selection`` does not contain ``post``, empty if it does."""
    reasons = [
        f"not filed under {' or '.join(sorted(group))}"
        for group in sorted(selection.categories, key=sorted)
        if not group & {category.slug for category in post.categories}
    ]
    if selection.carousel not in (None, post.carousel):
        reasons.append("in the carousel" if post.carousel else _NOT_IN_CAROUSEL)
    if selection.sources is not None and post.source not in selection.sources:
        reasons.append(f"not from {' or '.join(sorted(selection.sources))}")
    if post not in Selection(languages=selection.languages):
        reasons.append(f"not in {' or '.join(sorted(selection.languages or ()))}")
    return ", ".join(reasons)


def _fields(
    rendered_post: RenderedPost, fields: Fields, described: SiteSource, settings: Settings
) -> Iterator[Field]:
    """Yield the fields of a rendered post, with the origin of each value."""
    origins = dict(fields.origins)
    post = rendered_post.post
    set_in = _setting_origins(fields, post, described, settings)
    for name, value, keys, default in (
        *_identity_rows(post),
        *_content_rows(rendered_post),
        _markdown_row(post.path, described),
    ):
        if value not in ("", None):
            origin = next((origins[key] for key in keys if key in origins), default)
            origin = origin or set_in.get(name, "")
            if name == "categories":
                origin = origin.replace(SOURCE_CATEGORIES, set_in[name])
            yield Field(name=name, value=value, origin=origin)


def _setting_origins(
    fields: Fields, post: Post, described: SiteSource, settings: Settings
) -> Mapping[str, str]:
    """Return the origin of each field that settings or the site decide, if its file does not."""
    source, site = described.source, dict(described.origins)

    def origin(key: str, otherwise: str) -> str:
        is_own = key.partition(".")[0] == "permalinks" or key not in source.derived
        return settings.origin_of(source, key) if is_own else otherwise

    url_origin = post_url(fields, post.path, described, post.published).origin
    if url_origin == SETTINGS_PATTERN:
        url_origin = origin(own_pattern(source, post.path)[0], DIALECT_ORIGIN)
    return {
        "id": settings.origin_of(source, "ids"),
        "url": url_origin,
        "language": origin("language", site.get("language", DEFAULT_ORIGIN)),
        "categories": settings.origin_of(source, "categories"),
        "markdown": origin("markdown", markdown_origin(described)),
    }


_Row = tuple[str, str | int | bool | None, tuple[str, ...], str]
"""A field, its value, its front-matter keys, and the origin if none of them is present.

An empty origin is that of `_setting_origins`.
"""


def _identity_rows(post: Post) -> Iterator[_Row]:
    exact = post.precision == "second"
    published = post.published.isoformat() if exact else str(post.published.date())
    if post.tag:
        yield "id", post.id, ("guid",), ""
        yield "tag", post.tag, (), "first path and first commit"
    else:
        yield "id", post.id, (), "first path and first commit"
    yield "key", post.key, (), "end of the tag URI"
    yield "url", post.url, ("permalink",), ""
    yield "title", post.title, ("title",), ""
    yield "published", published, ("published",), "first commit"
    yield "updated", post.updated.isoformat(), (), "last change of title, summary or text"
    expires = post.expires.isoformat() if post.expires else ""
    yield "expires", expires, ("expires",), ""
    yield "language", post.language, ("language",), ""
    categories = ", ".join(category.slug for category in post.categories)
    yield "categories", categories, ("categories",), ""
    yield "carousel", post.carousel, ("carousel",), "not set"


def _markdown_row(path: Path, described: SiteSource) -> _Row:
    engine = engine_of_body(described.source, path)
    is_html = engine.flavour == "html"
    origin = "end of the path" if is_html else ""
    return "markdown", "html" if is_html else str(engine), (), origin


def _content_rows(rendered_post: RenderedPost) -> Iterator[_Row]:
    yield "summary", rendered_post.summary, ("summary",), "beginning of the text"
    if rendered_post.image:
        yield "image", rendered_post.image.url, ("card_image", "image"), "first image of the text"
        yield "image_alt", rendered_post.image.alt, ("card_image_alt", "image_alt"), "same image"
    attachments = ", ".join(attachment.url for attachment in rendered_post.attachments)
    yield "attachments", attachments, ("attachments",), "audio and video of the text"
    authors = ", ".join(author.name for author in rendered_post.authors)
    yield "authors", authors, ("byline", "authors"), ""
    yield "external_url", rendered_post.external_url, ("external_url",), ""
    yield "reading_minutes", rendered_post.reading_minutes, ("reading_minutes",), "word count"
    if rendered_post.card:
        yield "card_title", rendered_post.card.title, ("card_title",), "the title"
        yield "card_summary", rendered_post.card.summary, ("card_summary",), "the summary"
        yield "card_image", rendered_post.card.image, ("card_image",), "the image"
