"""Every error Syndicate raises on purpose.

SyndicateError
├── SettingsError          settings that cannot be used          exit 2
├── UsageError             a request or command that is wrong    exit 2   HTTP 400
│   ├── UnknownName        a feed, post, source … nobody knows   exit 2   HTTP 404
│   ├── Conflict           what is asked for is there already    exit 2   HTTP 409
│   ├── Gone               what was here and will not come back  exit 2   HTTP 410
│   └── Refused            understood, but not allowed           exit 2   HTTP 422
│       └── ValidationFailed  a document with wrong fields       exit 2   HTTP 422
├── ContentError           a post that cannot be read            exit 1
├── RepositoryError        git could not do what was asked       exit 1   HTTP 503
├── StorageError           the database could not                exit 1   HTTP 503
├── DeliveryError          a request to a subscriber failed      exit 1   HTTP 502
├── NotReady               no edition yet                        exit 1   HTTP 503
└── Rendering              a post is still being rendered        exit 1   HTTP 503
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Self


class SyndicateError(Exception):
    """Something went wrong that a person can mend.

    Args:
        what: The object and the cause, in one sentence: "source usds: ref main does not exist".
        hint: What to do about it, in one sentence; empty when nothing can be done.
        code: Stable name of the case for programs, in kebab case.
        known: What would have been accepted, where that is a list; of a long one, some.
        known_total: How long the list is.
        known_at: Path of ours where all of it is, empty where nowhere.
    """

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(  # noqa: PLR0913 — each part of an error is told apart
        self,
        message: str,
        *,
        hint: str = "",
        code: str = "",
        choices: tuple[str, ...] = (),
        choices_total: int = 0,
        choices_path: str = "",
    ) -> None:
        super().__init__(message)
        self.message: Final = message
        self.hint: Final = hint
        self.code: Final = code or self.default_code()
        self.choices: Final = choices
        self.choices_total: Final = choices_total or len(choices)
        self.choices_path: Final = choices_path

    @classmethod
    def default_code(cls) -> str:
        """Return the class name in kebab case: ``NotReady`` is ``not-ready``."""
        return "".join(f"-{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("-")


class SettingsError(SyndicateError):
    """The settings cannot be used; ``mistakes`` holds every one of them, each with its name."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "", errors: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.errors: Final = errors


class UsageError(SyndicateError):
    """A request or a command is malformed."""

    status = 400
    exit_code = 2


class UnknownName(UsageError):  # noqa: N818 — reads as what it is: `except UnknownName`
    """A name is well-formed, but nothing here is called so."""

    status = 404


class Conflict(UsageError):  # noqa: N818 — likewise
    """What is asked for contradicts what is there already."""

    status = 409


class Gone(UsageError):  # noqa: N818 — likewise
    """Something was here once and will not come back."""

    status = 410


class Refused(UsageError):  # noqa: N818 — likewise
    """A request is understood and must not be carried out."""

    status = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """A field of a document that is wrong.

    ``pointer`` says which, as a fragment (RFC 6901 section 6): ``#/selection/categories/0``. The
    rest is as in `SyndicateError`.
    """

    pointer: str
    message: str
    hint: str = ""
    code: str = "wrong-field"
    choices: tuple[str, ...] = ()
    choices_total: int = 0
    choices_path: str = ""

    @property
    def sentence(self) -> str:
        """What is wrong with which field, in one sentence."""
        field = self.pointer.removeprefix("#").removeprefix("/")
        return f"{field}: {self.message}" if field else self.message


class ValidationFailed(Refused):
    """Fields of a document are wrong; ``mistakes`` holds every one of them."""

    errors: tuple[FieldError, ...] = ()

    @classmethod
    def from_errors(cls, errors: Sequence[FieldError]) -> Self:
        """Return the error that ``mistakes`` are: named after the first if it is alone."""
        first = errors[0]
        if len(errors) == 1:
            error = cls(
                first.sentence,
                hint=first.hint,
                code=first.code,
                choices=first.choices,
                choices_total=first.choices_total,
                choices_path=first.choices_path,
            )
        else:
            error = cls(f"{len(errors)} fields are wrong", code="wrong-fields")
        error.errors = tuple(errors)
        return error


class ContentError(SyndicateError):
    """A post cannot be read; ``line`` counts from 1 in the file, 0 where no line is at fault."""

    def __init__(self, message: str, *, hint: str = "", code: str = "", line: int = 0) -> None:
        super().__init__(message, hint=hint, code=code)
        self.line: Final = line


class RepositoryError(SyndicateError):
    """Git could not do what was asked."""

    status = 503


class StorageError(SyndicateError):
    """The database could not do what was asked."""

    status = 503


class DeliveryError(SyndicateError):
    """A request to a subscriber could not be made or was not accepted."""

    status = 502


class NotReady(SyndicateError):  # noqa: N818 — likewise
    """No edition has been made yet."""

    status = 503


class Rendering(SyndicateError):  # noqa: N818 — likewise
    """Posts are still being rendered, and there is no earlier rendering to serve."""

    status = 503

    @classmethod
    def of(cls, posts: int) -> Self:
        """Return the error that a number of ``posts`` is not rendered yet."""
        return cls(
            f"{posts} {'post is' if posts == 1 else 'posts are'} still being rendered",
            hint="Ask again in some seconds: rendering goes on meanwhile.",
        )
