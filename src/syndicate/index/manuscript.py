"""A post with all its item is made from, and the item made of it; pure."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from typing import Final, Self

import msgspec

from syndicate.dialects import DIALECTS, document
from syndicate.dialects.fields import Fields
from syndicate.errors import ContentError
from syndicate.index.asset import Assets
from syndicate.index.target import Targets
from syndicate.model.content_limits import DEFAULT_CONTENT_LIMITS, ContentLimits
from syndicate.model.ledger import LedgerRow
from syndicate.model.post import Author, Card, Image, Item, Post, Source
from syndicate.render.address import absolute
from syndicate.render.allowed import RESOURCE_SCHEMES
from syndicate.render.job import RENDERER_VERSION, Job, Rendering
from syndicate.render.reference import references

_WORDS_A_MINUTE: Final = 230
_SUMMARY_WORDS: Final = 50
_WORD: Final = re.compile(r"\S+")
_LINE: Final = re.compile(r"\bline (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manuscript:
    """A post, what its file says, and what is to be rendered: body, summary, card's summary."""

    post: Post
    fields: Fields
    names: tuple[str, ...]
    """What the text refers to inside its repository, as written."""
    jobs: tuple[Job, Job, Job]

    @property
    def targets(self) -> tuple[tuple[str, str], ...]:
        """Where the ``names`` lead."""
        return self.jobs[0].targets

    @property
    def shown(self) -> tuple[str, ...]:
        """The ``names``, and the pictures of its fields."""
        return (*self.names, self.fields.image, self.fields.card_image)

    def served(self, assets: Assets) -> Self:
        """Return the manuscript with the files it shows among ``assets``."""
        body, summary, card = self.jobs
        body = replace(body, assets=assets.of(self.post, self.shown))
        return replace(self, jobs=(body, summary, card))

    @property
    def assets(self) -> tuple[tuple[str, str], ...]:
        """Where files that are ``shown`` are served by this service."""
        return self.jobs[0].assets

    @property
    def digest(self) -> str:
        """Everything that decides the rendering, and nothing else, as 64 hex digits."""
        return sha256(msgspec.msgpack.encode((RENDERER_VERSION, self.jobs))).hexdigest()


Rendered = tuple[Rendering, Rendering, Rendering]
"""What rendering made of the jobs of a manuscript."""


def manuscript(  # noqa: PLR0913 — one more than five: the limits
    post: Post,
    data: bytes,
    fields: Fields,
    *,
    source: Source,
    targets: Targets,
    limits: ContentLimits = DEFAULT_CONTENT_LIMITS,
) -> Manuscript:
    """Open the file ``data`` of ``post``, which says ``fields``; `ContentError` if it is none."""
    found = document.read(post.path, data, limits)
    if found is None:
        raise ContentError(f"{post.path} has no front matter")
    dialect = DIALECTS[source.dialect]
    text = dialect.body(found)
    names = references(text)
    job = Job(
        body=text,
        first_line=found.body_line,
        page_url=post.url,
        site_url=source.site_url,
        key=post.key,
        hard_breaks=dialect.hard_breaks,
        comments=dialect.comments,
        replacements=source.replacements,
        embeds=source.embeds,
        targets=targets.of(post, names),
    )
    return Manuscript(
        post=post,
        fields=fields,
        names=names,
        jobs=(
            job,
            replace(job, body=fields.summary, targets=(), first_line=_line(fields, "summary")),
            replace(
                job, body=fields.card_summary, targets=(), first_line=_line(fields, "card_summary")
            ),
        ),
    )


def _line(fields: Fields, name: str) -> int:
    """Return the line that the field ``name`` is from, 0 if it has none of its own."""
    found = _LINE.search(dict(fields.origins).get(name, ""))
    return int(found[1]) if found else 0


def past(row: LedgerRow, fields: Fields, post: Post) -> Post:
    """Return ``post`` as it was when ``row`` was told and its file had ``fields``.

    What the ledger does not keep and the file does not say is as it is today.
    """
    zone = post.published.tzinfo
    return replace(
        post,
        path=row.path,
        blob=row.blob,
        url=row.url,
        title=fields.title,
        published=row.published.astimezone(zone),
        precision=fields.precision if fields.published else "second",
        updated=row.updated.astimezone(zone),
        carousel=row.carousel,
        expires=fields.expires,
    )


def item(
    manuscript: Manuscript, rendered: Rendered, translations: Sequence[tuple[str, str]] = ()
) -> Item:
    """Make the item: gaps in the card are filled from the post, and in the post from its words."""
    post, fields = manuscript.post, manuscript.fields
    body, preview, card = rendered
    first_words = (match[0] for match in islice(_WORD.finditer(body.text), _SUMMARY_WORDS))
    summary = " ".join(preview.text.split() or first_words)
    served = dict(manuscript.assets)
    image = _image(fields.image, fields.image_alt, post.url, served) or body.image or preview.image
    return Item(
        post=post,
        content=body.content,
        text=body.text,
        summary=summary,
        image=image,
        authors=tuple(Author(name=name) for name in fields.authors),
        external_url=absolute(fields.external_url, post.url, RESOURCE_SCHEMES) or "",
        reading_minutes=fields.reading_minutes or _minutes(body.text),
        card=_card(post, fields, " ".join(card.text.split()) or summary, image, served),
        translations=tuple(translations),
    )


def _minutes(text: str) -> int:
    """Return the minutes that reading ``text`` takes, without an object kept for each word."""
    words = sum(1 for _ in _WORD.finditer(text))
    return max(1, math.ceil(words / _WORDS_A_MINUTE))


def _card(
    post: Post, fields: Fields, summary: str, image: Image | None, served: Mapping[str, str]
) -> Card | None:
    if not post.carousel:
        return None
    shown = _image(fields.card_image, fields.card_image_alt, post.url, served) or image
    return Card(
        title=fields.card_title or post.title,
        summary=summary,
        image=shown.url if shown else "",
        image_alt=shown.alt if shown else None,
        date=post.published.date(),
    )


def _image(address: str, alt: str | None, page_url: str, served: Mapping[str, str]) -> Image | None:
    """Make an image of an address as written in front matter; None if it leads nowhere."""
    url = served.get(address) or absolute(address, page_url, RESOURCE_SCHEMES)
    return Image(url=url, alt=alt) if url else None
