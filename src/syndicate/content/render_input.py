"""What the renderer needs of a post, read from git, and the rendered post built of its results."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Final, Self

import msgspec

from syndicate import telemetry
from syndicate.content.link_targets import AssetUrls, LinkTargets
from syndicate.content.parsed_file import FileParser
from syndicate.content.site_references import SiteReferences, find_value_names
from syndicate.content.site_source import engine_of_body, engine_of_field
from syndicate.dialects import DIALECTS
from syndicate.dialects.document.parser import parse_document
from syndicate.dialects.fields import Fields
from syndicate.dialects.front_matter.words import first_words, reading_minutes
from syndicate.errors import ContentError
from syndicate.git import Repository, UnreadableBlob
from syndicate.model.asset import media_type_of_url
from syndicate.model.content_reader import DEFAULT_CONTENT_LIMITS, ContentLimits
from syndicate.model.ledger import LedgerRow
from syndicate.model.markdown_options import MarkdownEngine
from syndicate.model.post import (
    Attachment,
    Author,
    BlobId,
    CarouselCard,
    Image,
    Post,
    RenderedPost,
    SafeHtml,
    Source,
    title_from_text,
)
from syndicate.render.allowlist import RESOURCE_SCHEMES
from syndicate.render.html_tokens import find_recordings
from syndicate.render.messages import RENDERER_VERSION, RenderRequest, RenderResult
from syndicate.render.urls import absolute_url, find_references

_log = telemetry.logger("index")

_BATCH_SIZE: Final = 20
"""Posts whose files are in memory at the same time."""
_SUMMARY_WORDS: Final = 50
_LINE: Final = re.compile(r"\bline (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderInput:
    """A post, the fields of its file, and the texts to render: body, summary, card summary."""

    post: Post
    fields: Fields
    link_names: tuple[str, ...]
    """References of the body to files of the repository, as written."""
    link_urls: tuple[tuple[str, str], ...] = ()
    """The URLs of those ``link_names`` that are posts."""
    uses_site: bool = False
    """Whether the body may depend on other files of the site than posts and assets."""
    requests: tuple[RenderRequest, RenderRequest, RenderRequest]

    @property
    def asset_names(self) -> tuple[str, ...]:
        """The ``link_names``, and the images and attached files of the fields."""
        attached = (each.url for each in self.fields.attachments)
        return (*self.link_names, self.fields.image, self.fields.card_image, *attached)

    def with_assets(self, assets: AssetUrls) -> Self:
        """Return the input with the URLs of those ``asset_names`` that are in ``assets``."""
        body, summary, card = self.requests
        body = replace(body, asset_urls=assets.resolve(self.post, self.asset_names))
        return replace(self, requests=(body, summary, card))

    @property
    def asset_urls(self) -> tuple[tuple[str, str], ...]:
        """The URLs of those ``asset_names`` that this service serves."""
        return self.requests[0].asset_urls

    @property
    def digest(self) -> str:
        """SHA-256 of everything that the rendering depends on, in hexadecimal."""
        return sha256(msgspec.msgpack.encode((RENDERER_VERSION, self.requests))).hexdigest()


RenderResults = tuple[RenderResult, RenderResult, RenderResult]
"""The results of the ``requests`` of a `RenderInput`, in their order."""


class RenderInputReader:
    """Reads the files of posts of one source and prepares them for rendering."""

    def __init__(
        self, source: Source, repository: Repository, parser: FileParser, limits: ContentLimits
    ) -> None:
        self._source = source
        self._repository = repository
        self._parser = parser
        self._limits = limits

    def read(
        self,
        posts: Sequence[Post],
        *,
        targets: LinkTargets,
        assets: AssetUrls,
        references: SiteReferences,
    ) -> Iterator[RenderInput]:
        """Yield the input of each of ``posts``, without those that cannot be read.

        Raises `RepositoryError`.
        """
        for start in range(0, len(posts), _BATCH_SIZE):
            batch = posts[start : start + _BATCH_SIZE]
            contents = self._read_blobs(post.blob for post in batch)
            yield from filter(None, self._build(batch, contents, targets, assets, references))

    def read_as_announced(
        self,
        announced: Sequence[tuple[LedgerRow, Post]],
        *,
        targets: LinkTargets,
        assets: AssetUrls,
        references: SiteReferences,
    ) -> Iterator[RenderInput]:
        """Yield the input of each post as it was when its ledger row was recorded.

        Posts are left out if git no longer has the previous file or the file is no post today.
        """
        contents = self._read_blobs(row.blob for row, _ in announced)
        readable = [(row, post) for row, post in announced if row.blob in contents]
        previous_posts = [
            replace(post, path=row.path, blob=row.blob, url=row.url, carousel=row.carousel)
            for row, post in readable
        ]
        inputs = self._build(previous_posts, contents, targets, assets, references)
        for (row, post), render_input in zip(readable, inputs, strict=True):
            if render_input is not None:
                yield replace(render_input, post=post_as_announced(row, render_input.fields, post))

    def _read_blobs(self, blobs: Iterable[BlobId]) -> dict[BlobId, bytes]:
        """Return the contents of ``blobs``, and log those that git cannot read."""
        contents: dict[BlobId, bytes] = {}
        unique = dict.fromkeys(blobs)
        for blob, content in self._repository.read_blobs(unique, max_bytes=self._limits.post_bytes):
            if isinstance(content, UnreadableBlob):
                _log.warning(
                    "post unreadable", source=self._source.name, blob=blob, reason=content.reason
                )
            else:
                contents[blob] = content
        return contents

    def _build(
        self,
        posts: Sequence[Post],
        contents: Mapping[BlobId, bytes],
        targets: LinkTargets,
        assets: AssetUrls,
        references: SiteReferences,
    ) -> Iterator[RenderInput | None]:
        """Yield the input of each of ``posts``, None if its file is unreadable or not a post."""
        parsed = self._parser.parse([(post.path, post.blob) for post in posts])
        for post in posts:
            fields = parsed[post.path, post.blob].fields
            data = contents.get(post.blob)
            if fields is None or data is None:
                yield None
                continue
            render_input = build_render_input(
                post,
                data,
                fields,
                source=self._source,
                targets=targets,
                limits=self._limits,
                references=references,
            )
            yield render_input.with_assets(assets)


def build_render_input(  # noqa: PLR0913 — seven parameters, four of them by keyword
    post: Post,
    data: bytes,
    fields: Fields,
    *,
    source: Source,
    targets: LinkTargets,
    limits: ContentLimits = DEFAULT_CONTENT_LIMITS,
    references: SiteReferences | None = None,
) -> RenderInput:
    """Return the input of ``post``, whose file has the content ``data`` and ``fields``.

    Raises `ContentError` if the file has no front matter.
    """
    parsed = parse_document(post.path, data, limits)
    if parsed is None:
        raise ContentError(f"{post.path} has no front matter")
    text, plain = DIALECTS[source.dialect].text_to_render(parsed), engine_of_field(source)
    engine = engine_of_body(source, post.path)
    names = find_references(text, engine)
    value_names = find_value_names(f"{text}\n{fields.summary}\n{fields.card_summary}")
    summary_line, card_line = _field_line(fields, "summary"), _field_line(fields, "card_summary")
    summary = build_request(post, fields.summary, summary_line, source, plain)
    card_summary = build_request(post, fields.card_summary, card_line, source, plain)
    body = build_request(post, text, parsed.body_line, source, engine)
    link_urls = targets.resolve(post, names.links)
    missing = set(names.pages) - dict(link_urls).keys()
    page_urls = references.page_urls(post, sorted(missing)) if references else ()
    values = references.values(value_names, post, parsed) if references else ()
    body = replace(body, link_targets=link_urls + page_urls)
    with_values = partial(replace, values=values)
    return RenderInput(
        post=post,
        fields=fields,
        link_names=names.links,
        link_urls=link_urls,
        uses_site=bool(missing or value_names),
        requests=(with_values(body), with_values(summary), with_values(card_summary)),
    )


def build_request(
    post: Post, text: str, first_line: int, source: Source, engine: MarkdownEngine
) -> RenderRequest:
    """Return the request for a text of ``post`` that starts on ``first_line`` of the file.

    Without the URLs that the text is to be given; ``engine`` reads it.
    """
    dialect = DIALECTS[source.dialect]
    return RenderRequest(
        body=text,
        first_line=first_line,
        page_url=post.url,
        site_url=source.site_url,
        key=post.key,
        flavour=engine.flavour,
        options=engine.options,
        comment_syntaxes=dialect.comment_syntaxes,
        replacements=source.replacements,
        embeds=source.embeds,
    )


def _field_line(fields: Fields, name: str) -> int:
    """Return the line that the field ``name`` was read from, 0 if unknown."""
    found = _LINE.search(dict(fields.origins).get(name, ""))
    return int(found[1]) if found else 0


def post_as_announced(row: LedgerRow, fields: Fields, post: Post) -> Post:
    """Return ``post`` as it was when ``row`` was recorded and its file had ``fields``.

    Values that are in neither of them are those of today.
    """
    zone = post.published.tzinfo
    return replace(
        post,
        path=row.path,
        blob=row.blob,
        url=row.url,
        title=fields.title,
        is_named_after_file=fields.is_named_after_file,
        published=row.published.astimezone(zone),
        precision=fields.precision if fields.published else "second",
        updated=row.updated.astimezone(zone),
        carousel=row.carousel,
        expires=fields.expires,
    )


def build_rendered_post(
    render_input: RenderInput, results: RenderResults, translations: Sequence[tuple[str, str]] = ()
) -> RenderedPost:
    """Return the rendered post.

    Fields that the file leaves out are filled in: the summary and image from the body, those of
    the carousel card from the post.
    """
    post, fields = render_input.post, render_input.fields
    body, preview, card = results
    summary = " ".join(preview.text.split()) or first_words(body.text, _SUMMARY_WORDS)
    asset_urls = dict(render_input.asset_urls)
    image = (
        _build_image(fields.image, fields.image_alt, post.url, asset_urls)
        or body.image
        or preview.image
    )
    return RenderedPost(
        post=post,
        content=body.content,
        text=body.text,
        summary=summary,
        image=image,
        attachments=_build_attachments(post, fields, body.content, asset_urls),
        authors=_build_authors(post, fields),
        external_url=absolute_url(fields.external_url, post.url, RESOURCE_SCHEMES) or "",
        reading_minutes=fields.reading_minutes or reading_minutes(body.text),
        card=_build_card(post, fields, " ".join(card.text.split()) or summary, image, asset_urls),
        translations=tuple(translations),
    )


def _build_authors(post: Post, fields: Fields) -> tuple[Author, ...]:
    urls = {
        name: absolute_url(url, post.url, RESOURCE_SCHEMES) or ""
        for name, url in fields.author_urls
    }
    return tuple(Author(name=name, url=urls.get(name, "")) for name in fields.authors)


def _build_attachments(
    post: Post, fields: Fields, content: SafeHtml, asset_urls: Mapping[str, str]
) -> tuple[Attachment, ...]:
    """Return the attached files of ``fields``, then the recordings in ``content``.

    Each URL is there once. Files without a known media type are left out: no format can name them.
    """
    found: dict[str, Attachment] = {}
    for attached in fields.attachments:
        url = asset_urls.get(attached.url) or absolute_url(attached.url, post.url, RESOURCE_SCHEMES)
        kind = attached.type or media_type_of_url(url or "")
        if url and kind:
            attachment = Attachment(
                url=url, type=kind, title=attached.title, length=attached.length
            )
            found.setdefault(url, attachment)
    for recording in find_recordings(content):
        kind = recording.type or media_type_of_url(recording.url)
        if kind:
            found.setdefault(recording.url, Attachment(url=recording.url, type=kind))
    return tuple(found.values())


def _build_card(
    post: Post, fields: Fields, summary: str, image: Image | None, asset_urls: Mapping[str, str]
) -> CarouselCard | None:
    if not post.carousel:
        return None
    card_image = (
        _build_image(fields.card_image, fields.card_image_alt, post.url, asset_urls) or image
    )
    return CarouselCard(
        title=fields.card_title or post.own_title or title_from_text(summary) or post.title,
        summary=summary,
        image=card_image.url if card_image else "",
        image_alt=card_image.alt if card_image else None,
        date=post.published.date(),
    )


def _build_image(
    name: str, alt: str | None, page_url: str, asset_urls: Mapping[str, str]
) -> Image | None:
    """Return the image with the URL or path ``name`` of front matter, None if it is invalid."""
    url = asset_urls.get(name) or absolute_url(name, page_url, RESOURCE_SCHEMES)
    return Image(url=url, alt=alt) if url else None
