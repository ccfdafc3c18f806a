"""What the rest of the service asks of a house style of front matter."""

from datetime import datetime
from typing import Protocol

from syndicate.dialects.document.parser import Document
from syndicate.dialects.fields import Fields
from syndicate.model.category import Vocabulary
from syndicate.model.post import Path, Source
from syndicate.render.messages import CommentSyntax


class Dialect(Protocol):
    """A house style: which files are posts, what their keys mean, where they are published."""

    @property
    def name(self) -> str:
        """What the settings call it."""
        ...

    @property
    def hard_breaks(self) -> bool:
        """Tell whether the house shows a line end inside a paragraph as a line break."""
        ...

    @property
    def comment_syntaxes(self) -> tuple[CommentSyntax, ...]:
        """Return the syntaxes of comments that the engine hides, beside those of Liquid."""
        ...

    def skip_reason(self, path: Path, source: Source) -> str:
        """Return why the file at ``path`` is not even looked at, empty if it may be a post."""
        ...

    def bundle_folder(self, path: Path) -> Path | None:
        """Return the folder in which all other files are resources of the page at ``path``.

        None if the file at ``path`` makes no such bundle.
        """
        ...

    def read_fields(self, document: Document, source: Source, vocabulary: Vocabulary) -> Fields:
        """Return what ``document`` says about its post; never raises for what is in it."""
        ...

    def text_to_render(self, document: Document) -> str:
        """Return the text to render, its lines where they are in ``document.body``."""
        ...

    def post_url(self, fields: Fields, path: Path, source: Source, published: datetime) -> str:
        """Return the absolute address of the post's page, percent-encoded where it must be."""
        ...
