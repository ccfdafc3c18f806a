"""Every error Syndicate raises on purpose.

SyndicateError
├── SettingsError          settings that cannot be used          exit 2
├── UsageError             a request or command that is wrong    exit 2   HTTP 400
│   ├── UnknownName        no feed, post, source … of that name  exit 2   HTTP 404
│   ├── Conflict           contradicts what already exists       exit 2   HTTP 409
│   ├── Gone               permanently removed                   exit 2   HTTP 410
│   └── Refused            valid, but not allowed                exit 2   HTTP 422
│       └── ValidationFailed  a document with wrong fields       exit 2   HTTP 422
├── Unauthenticated        credentials are missing or invalid    exit 1   HTTP 401
├── Forbidden              credentials of insufficient rights    exit 1   HTTP 403
├── ContentError           a post that cannot be read            exit 1
├── RepositoryError        git failed                            exit 1   HTTP 503
│   └── UnknownSite        no configuration tells its host       exit 1   HTTP 503
├── StorageError           the database failed                   exit 1   HTTP 503
├── DeliveryError          a request to a subscriber failed      exit 1   HTTP 502
├── NotReady               no edition yet                        exit 1   HTTP 503
└── Rendering              a post is still being rendered        exit 1   HTTP 503
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Self


class SyndicateError(Exception):
    """An error that a person can fix.

    Args:
        message: The object and the cause, in one sentence: "source usds: ref main does not exist".
        hint: What to do, in one sentence; empty if nothing can be done.
        code: Stable code of the problem for programs, in kebab case.
        choices: The valid values, if there is a list of them; the first ones of a long list.
        choices_total: Length of the complete list.
        choices_path: URL path of the complete list, empty if there is none.
    """

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(  # noqa: PLR0913 — all parts of an error
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
    """The settings are invalid; ``errors`` has a line for each error, with the setting's name."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "", errors: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.errors: Final = errors


class UsageError(SyndicateError):
    """A request or a command is malformed."""

    status = 400
    exit_code = 2


class UnknownName(UsageError):  # noqa: N818 — reads as what it is: `except UnknownName`
    """A name is well-formed, but nothing has that name."""

    status = 404


class Conflict(UsageError):  # noqa: N818 — as above
    """A request contradicts what already exists."""

    status = 409


class Gone(UsageError):  # noqa: N818 — as above
    """Something was permanently removed."""

    status = 410


class Refused(UsageError):  # noqa: N818 — as above
    """A request is valid, but not allowed."""

    status = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """An invalid field of a JSON document.

    ``pointer`` names the field as a URI fragment (RFC 6901 section 6):
    ``#/selection/categories/0``. The other attributes are those of `SyndicateError`.
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
        """The field and what is wrong with it, in one sentence."""
        field = self.pointer.removeprefix("#").removeprefix("/")
        return f"{field}: {self.message}" if field else self.message


class ValidationFailed(Refused):
    """Fields of a document are invalid; ``errors`` has all of them."""

    errors: tuple[FieldError, ...] = ()

    @classmethod
    def from_errors(cls, errors: Sequence[FieldError]) -> Self:
        """Return the exception for ``errors``; a single error gives its message, hint and code."""
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


class Unauthenticated(SyndicateError):  # noqa: N818 — as above
    """Credentials are missing, unknown, expired or revoked."""

    status = 401


class Forbidden(SyndicateError):  # noqa: N818 — as above
    """Valid credentials do not give the right to do this."""

    status = 403


class ContentError(SyndicateError):
    """A post cannot be read; ``line`` counts from 1, or is 0 if no single line is the cause."""

    def __init__(self, message: str, *, hint: str = "", code: str = "", line: int = 0) -> None:
        super().__init__(message, hint=hint, code=code)
        self.line: Final = line


class RepositoryError(SyndicateError):
    """A git command failed."""

    status = 503


class UnknownSite(RepositoryError):  # noqa: N818 — as above
    """Neither settings nor the configuration of a site say where the site is."""


class StorageError(SyndicateError):
    """The database failed or cannot be used."""

    status = 503


class DeliveryError(SyndicateError):
    """A request to a subscriber or another service failed or was rejected."""

    status = 502


class NotReady(SyndicateError):  # noqa: N818 — as above
    """No edition has been made yet."""

    status = 503


class Rendering(SyndicateError):  # noqa: N818 — as above
    """Posts are still being rendered, and there is no earlier rendering to serve."""

    status = 503

    @classmethod
    def of(cls, posts: int) -> Self:
        """Return the error for a number of ``posts`` that are not rendered yet."""
        return cls(
            f"{posts} {'post is' if posts == 1 else 'posts are'} still being rendered",
            hint="Try again in a few seconds: rendering continues.",
        )
