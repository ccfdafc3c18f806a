"""What one file says about its post, as plain values, before history and clock are asked."""

from dataclasses import dataclass
from datetime import date, datetime

from syndicate.model.category import Category
from syndicate.model.edition import ProblemLevel
from syndicate.model.post import DatePrecision


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """Something about a file that its editor should know; line and column from 1, 0 is none."""

    level: ProblemLevel
    rule: str
    line: int = 0
    column: int = 0
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The fields of one file; absent text is empty, what nobody said is None."""

    title: str
    """Plain text."""
    summary: str = ""
    """As written, Markdown or HTML; empty means "take it from the words"."""
    published: datetime | None = None
    """With the source zone's offset; None means "when it was first committed"."""
    precision: DatePrecision = "second"
    day: date | None = None
    """The day in front of the file name."""
    expires: datetime | None = None
    """With the source zone's offset."""
    hidden_reason: str = ""
    """Why readers must not see the post, empty if they may."""
    permalink: str = ""
    """The post's own, with its leading slash: a path, a pattern or an absolute address."""
    slug: str = ""
    redirects: tuple[str, ...] = ()
    """Paths and addresses the post had before, as written."""
    categories: tuple[Category, ...] = ()
    """Those of the file, then the defaults of its source."""
    permalink_categories: tuple[str, ...] = ()
    """What stands for ``:categories`` in addresses: only of the keys made for it."""
    carousel: bool = False
    card_title: str = ""
    """Plain text."""
    card_summary: str = ""
    """As written, like ``summary``."""
    card_image: str = ""
    card_image_alt: str | None = None
    image: str = ""
    """A path from the site's root, one relative to the page, or an absolute address."""
    image_alt: str | None = None
    authors: tuple[str, ...] = ()
    """Names for people."""
    external_url: str = ""
    language: str
    """A language tag (BCP 47)."""
    translation: str
    """Equal for files that are one post in several languages; a file that is alone has one too."""
    reading_minutes: int | None = None
    word_digest: bytes
    """A digest of title, summary and words, without markup and addresses: what *updated* obeys."""
    word_count: int
    origins: tuple[tuple[str, str], ...] = ()
    """(field, where its value is from): "key carousel_title, line 8", "file name" …."""
    problems: tuple[FieldProblem, ...] = ()
