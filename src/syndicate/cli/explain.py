"""`syndicate explain`: the fields of a post, their origin, and the feeds that contain it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated

import typer

from syndicate.cli.check import problem_lines
from syndicate.cli.options import AsJson, At, ConfigFile, Rev, command_app
from syndicate.cli.output import print_json, print_result
from syndicate.cli.snapshot import open_snapshot
from syndicate.content.link_targets import LinkTargets
from syndicate.dialects.fields import Fields
from syndicate.errors import UnknownName
from syndicate.model.edition import Edition, Problem, SourceSnapshot
from syndicate.model.post import BlobId, Path, Post, RenderedPost
from syndicate.model.selection import Selection
from syndicate.service.snapshot_reader import SnapshotReader

app = command_app()


@app.command()
def explain(
    post: Annotated[str, typer.Argument(help="Path, URL, key or ID of the post.")],
    as_json: AsJson = False,
    rev: Rev = "",
    at: At = None,
    config: ConfigFile = None,
) -> None:
    """Explain the fields, origin and feeds of a post.

    Shows where each field comes from, which feeds contain the post, and why others do not.
    """
    with open_snapshot(config, rev=rev, at=at) as reader:
        found = explain_posts(reader, post)
    if as_json:
        print_json([asdict(explanation) for explanation in found])
        return
    for explanation in found:
        for line in explanation_lines(explanation):
            print_result(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a post; ``origin`` says where its value is from."""

    name: str
    value: str | int | bool | None
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMembership:
    """Whether a feed holds a post; ``reason`` why not, empty if it does."""

    feed: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """What a commit did to a file; ``served`` tells whether readers get the file as of then."""

    at: datetime
    commit: str
    what: str
    served: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One file; ``hidden`` says why nobody sees it, empty if readers do.

    ``history`` is told from the first commit on, on the branch's own line.
    """

    source: str
    path: Path
    commit: str
    hidden: str
    fields: tuple[Field, ...] = ()
    feeds: tuple[FeedMembership, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    problems: tuple[Problem, ...] = ()


def explain_posts(reader: SnapshotReader, text: str) -> tuple[Explanation, ...]:
    """Return what is known of the files that ``text`` means: a path, address, key or id.

    A path may be one in several sources. Raises `UnknownName` if it is one in none.
    """
    found = tuple(_matching_files(reader, text.removeprefix("./")))
    if found:
        return found
    raise UnknownName(
        f"no file of any source matches {text!r}",
        code="unknown-post",
        hint="Use a path relative to the root of the repository, a URL, a key or an ID.",
    )


def explanation_lines(explanation: Explanation) -> Iterator[str]:
    """Yield what is known of a file as lines for people."""
    yield f"{explanation.path} of {explanation.source}, at commit {explanation.commit[:12]}"
    yield f"Not served: {explanation.hidden}." if explanation.hidden else "Served."
    width = max((len(field.name) for field in explanation.fields), default=0)
    for field in explanation.fields:
        yield f"  {field.name:{width}}  {field.value}  [{field.origin}]"
    holding = [verdict.feed for verdict in explanation.feeds if not verdict.reason]
    if holding:
        yield f"In {', '.join(holding)}."
    if not explanation.hidden:
        yield from _excluding_feeds(explanation.feeds)
    if explanation.history:
        yield "History:"
    for event in explanation.history:
        served = "  <- served" if event.served else ""
        yield f"  {event.at:%Y-%m-%d %H:%M}  {event.commit[:12]}  {event.what}{served}"
    for problem in explanation.problems:
        yield from problem_lines(problem)


def _excluding_feeds(memberships: Sequence[FeedMembership]) -> Iterator[str]:
    """Yield which feeds leave the post out; that it is not filed under x explains feed x."""
    plain = [
        v for v in memberships if v.reason in (f"not filed under {v.feed}", f"not from {v.feed}")
    ]
    for verdict in memberships:
        if verdict.reason and verdict not in plain:
            yield f"Not in {verdict.feed}: {verdict.reason}."
    if plain:
        yield f"Not in {len(plain)} feeds of other categories and sources."


def _matching_files(reader: SnapshotReader, text: str) -> Iterator[Explanation]:
    for part in reader.edition.snapshots:
        posts = [post for post in part.posts if _is_match(post, text)]
        for post in posts:
            yield _explain_post(reader, part, post)
        paths = {one.path: one.reason for one in part.hidden if one.path == text}
        for path in {p.path for p in part.problems if p.path == text} - {p.path for p in posts}:
            paths.setdefault(path, "excluded by a problem")
        for path, reason in paths.items():
            yield Explanation(
                source=part.source.name,
                path=path,
                commit=part.commit,
                hidden=reason,
                fields=_unserved_fields(reader, part, path),
                history=_history(reader, part, path),
                problems=_problems(part, path),
            )


def _is_match(post: Post, text: str) -> bool:
    return text in (post.path, post.key, post.id) or text.rstrip("/") == post.url.rstrip("/")


def _problems(part: SourceSnapshot, path: Path) -> tuple[Problem, ...]:
    return tuple(problem for problem in part.problems if problem.path == path)


def _explain_post(reader: SnapshotReader, part: SourceSnapshot, post: Post) -> Explanation:
    edition = reader.edition
    index = reader.content.index(part.source)
    (manuscript,) = index.render_inputs([post], LinkTargets(posts=()))
    (item,) = reader.content.render_posts([post], edition)
    return Explanation(
        source=part.source.name,
        path=post.path,
        commit=part.commit,
        hidden=_reason_not_live(post, edition),
        fields=tuple(_fields(item, manuscript.fields)),
        feeds=tuple(
            FeedMembership(
                feed=feed.name,
                reason=_reason_not_live(post, edition) or exclusion_reason(post, feed.selection),
            )
            for feed in edition.feeds.values()
        ),
        history=_history(reader, part, post.path, served=post.blob),
        problems=_problems(part, post.path),
    )


def _unserved_fields(reader: SnapshotReader, part: SourceSnapshot, path: Path) -> tuple[Field, ...]:
    """Return what a file says that is not served, as far as it can be read."""
    fields = reader.content.index(part.source).parsed_file(path, part.commit).fields
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


def _history(
    reader: SnapshotReader, part: SourceSnapshot, path: Path, *, served: BlobId | None = None
) -> tuple[HistoryEntry, ...]:
    """Return what happened to a file; of the versions with the blob ``served``, the last one is."""
    chapters = reader.content.index(part.source).timeline(path, part.commit)
    holding = [chapter.commit for chapter in chapters if served and chapter.blob == served]
    return tuple(
        HistoryEntry(
            at=chapter.time.astimezone(part.source.zone),
            commit=chapter.commit,
            what=chapter.description,
            served=chapter.commit in holding[-1:],
        )
        for chapter in chapters
    )


def _reason_not_live(post: Post, edition: Edition) -> str:
    """Return why no reader sees ``post`` at the time of ``edition``, empty if they do."""
    if post.published > edition.at:
        return f"scheduled for {post.published.isoformat()}"
    if post.expires and post.expires <= edition.at:
        return f"expired on {post.expires.isoformat()}"
    return ""


def exclusion_reason(post: Post, selection: Selection) -> str:
    """Return why ``selection`` leaves ``post`` out, empty if it does not."""
    reasons = [
        f"not filed under {' or '.join(sorted(group))}"
        for group in sorted(selection.categories, key=sorted)
        if not group & {category.slug for category in post.categories}
    ]
    if selection.carousel not in (None, post.carousel):
        reasons.append("in the carousel" if post.carousel else "not in the carousel")
    if selection.sources is not None and post.source not in selection.sources:
        reasons.append(f"not from {' or '.join(sorted(selection.sources))}")
    if post not in Selection(languages=selection.languages):
        reasons.append(f"not in {' or '.join(sorted(selection.languages or ()))}")
    return ", ".join(reasons)


def _fields(rendered_post: RenderedPost, fields: Fields) -> Iterator[Field]:
    """Yield the fields of ``item``, with what its file ``said`` and where, else what was done."""
    origins = dict(fields.origins)
    for name, value, asked, otherwise in (
        *_identity_rows(rendered_post.post),
        *_content_rows(rendered_post),
    ):
        if value not in ("", None):
            origin = next((origins[one] for one in asked if one in origins), otherwise)
            yield Field(name=name, value=value, origin=origin)


_Row = tuple[str, str | int | bool | None, tuple[str, ...], str]
"""A field, its value, what front matter calls it, and where it is from if not from there."""


def _identity_rows(post: Post) -> Iterator[_Row]:
    exact = post.precision == "second"
    published = post.published.isoformat() if exact else str(post.published.date())
    yield "id", post.id, (), "first path and first commit"
    yield "key", post.key, (), "end of the ID"
    yield "url", post.url, ("permalink",), "permalink pattern of the source"
    yield "title", post.title, ("title",), ""
    yield "published", published, ("published",), "first commit"
    yield "updated", post.updated.isoformat(), (), "last change of title, summary or text"
    expires = post.expires.isoformat() if post.expires else ""
    yield "expires", expires, ("expires",), ""
    yield "language", post.language, ("language",), "the source"
    categories = ", ".join(category.slug for category in post.categories)
    yield "categories", categories, ("categories",), "the source"
    yield "carousel", post.carousel, ("carousel",), "not set"


def _content_rows(rendered_post: RenderedPost) -> Iterator[_Row]:
    yield "summary", rendered_post.summary, ("summary",), "beginning of the text"
    if rendered_post.image:
        yield "image", rendered_post.image.url, ("card_image", "image"), "first image of the text"
        yield "image_alt", rendered_post.image.alt, ("card_image_alt", "image_alt"), "same image"
    authors = ", ".join(author.name for author in rendered_post.authors)
    yield "authors", authors, ("byline", "authors"), ""
    yield "external_url", rendered_post.external_url, ("external_url",), ""
    yield "reading_minutes", rendered_post.reading_minutes, ("reading_minutes",), "word count"
    if rendered_post.card:
        yield "card_title", rendered_post.card.title, ("card_title",), "the title"
        yield "card_summary", rendered_post.card.summary, ("card_summary",), "the summary"
        yield "card_image", rendered_post.card.image, ("card_image",), "the image"
