"""The interface of a dialect."""

from datetime import datetime
from typing import Protocol

from syndicate.dialects.document.parser import Document
from syndicate.dialects.fields import Fields, VersionFields
from syndicate.model.category import Vocabulary
from syndicate.model.markdown_options import MarkdownEngine
from syndicate.model.post import Path, Source
from syndicate.render.messages import CommentSyntax


class Dialect(Protocol):
    """Conventions of a site: which files are posts, the keys of their fields, and their URLs."""

    @property
    def name(self) -> str:
        """The name in the settings."""
        ...

    @property
    def markdown(self) -> MarkdownEngine:
        """What reads the Markdown of posts, unless settings or site say so."""
        ...

    @property
    def comment_syntaxes(self) -> tuple[CommentSyntax, ...]:
        """The syntaxes of comments that the site generator hides, in addition to Liquid's."""
        ...

    def skip_reason(self, path: Path, source: Source) -> str:
        """Return the reason why the file at ``path`` is not read, "" if it may be a post."""
        ...

    def bundle_folder(self, path: Path) -> Path | None:
        """Return the folder whose other files are resources of the page at ``path``, else None."""
        ...

    def read_fields(self, document: Document, source: Source, vocabulary: Vocabulary) -> Fields:
        """Return the fields of ``document``; its mistakes become problems, never exceptions."""
        ...

    def read_version(
        self, document: Document, source: Source, vocabulary: Vocabulary
    ) -> VersionFields:
        """Return what counts of ``document`` if it is an older version of a file.

        The same as `read_fields` returns, in a fraction of its time; ``language`` only if front
        matter or file name say it.
        """
        ...

    def text_to_render(self, document: Document) -> str:
        """Return the text to render, with the line numbers of ``document.body``."""
        ...

    def post_url(
        self, fields: VersionFields, path: Path, source: Source, published: datetime
    ) -> str:
        """Return the absolute, percent-encoded URL of the post."""
        ...
