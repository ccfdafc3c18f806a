"""A post as written and as rendered, and what is wrong with it beside all others; pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from syndicate.content.checks.category_usage import CategoryUsage
from syndicate.content.checks.repository_files import RepositoryFiles
from syndicate.model.edition import Problem
from syndicate.model.post import Post
from syndicate.render.diagnostics import Diagnostic, UnlocatedDiagnostic, locate

_MAX_CHARACTERS: Final = 200_000
"""Characters of text; the longest of some thousand real posts had a fifth of it."""
_MISSING_FILE_HINT: Final = (
    "Look for a slip of the pen; it is well if the site makes the file itself."
)
_LINE: Final = re.compile(r"\bline (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPost:
    """One post to be read by an editor.

    ``body`` begins on line ``body_line`` of the file, from 1; ``references`` are the names and
    addresses inside the site that it refers to, ``notes`` what its renderer noted, ``origins``
    where the values of its fields are from, ``pictures`` the addresses of images in its fields.
    """

    post: Post
    body: str
    body_line: int
    references: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    origins: Mapping[str, str]
    images: tuple[tuple[str, str], ...] = ()
    """(field, address as written)."""

    def field_line(self, field: str) -> int:
        """Return the line that ``field`` is from, 0 if from none."""
        found = _LINE.search(self.origins.get(field, ""))
        return int(found[1]) if found else 0


def check_post(
    checked: CheckedPost, *, now: datetime, files: RepositoryFiles, usage: CategoryUsage
) -> Iterator[Problem]:
    """Yield what is wrong with one post at ``at``, the files and categories around it known."""
    for note in (*checked.diagnostics, *_missing_files(checked, files)):
        yield Problem(
            level=note.level,
            rule=note.rule,
            source=checked.post.source,
            path=checked.post.path,
            line=note.line,
            column=note.column,
            message=note.message,
            hint=note.hint,
        )
    yield from _check_dates(checked, now)
    yield from _check_size(checked)
    yield from _check_categories(checked, usage)


def _missing_files(checked: CheckedPost, files: RepositoryFiles) -> tuple[Diagnostic, ...]:
    """Find files that are referred to and are not there, and where they are named."""
    lacking = [(name, files.missing_reference(name, checked.post)) for name in checked.references]
    findings = [_missing_file(name, absolute=kind == "absolute") for name, kind in lacking if kind]
    fields = [
        Diagnostic(
            level="notice",
            rule="missing-file",
            line=checked.field_line(field),
            column=0,
            message=f"{name} is not in that folder of the repository",
            hint=_MISSING_FILE_HINT,
        )
        for field, name in checked.images
        if files.missing_reference(name, checked.post)
    ]
    return (*fields, *locate(findings, checked.body, first_line=checked.body_line))


def _missing_file(name: str, *, absolute: bool) -> UnlocatedDiagnostic:
    if absolute:
        what = f"{name} is not in that folder of the repository"
        return UnlocatedDiagnostic(
            level="notice",
            rule="missing-file",
            search_text=name,
            message=what,
            hint=_MISSING_FILE_HINT,
        )
    return UnlocatedDiagnostic(
        level="warning",
        rule="relative-link",
        search_text=name,
        message=f"the repository has no file {name}, neither beside the post nor from its root",
        hint="Name the file as it is called now, or by its path from the root of the site.",
    )


def _check_dates(checked: CheckedPost, now: datetime) -> Iterator[Problem]:
    post = checked.post
    if post.published > now:
        yield Problem(
            level="notice",
            rule="future-date",
            source=post.source,
            path=post.path,
            line=checked.field_line("published"),
            message=f"the post appears on {post.published.isoformat()}",
            hint="It needs no further commit then. Correct the date if that is not meant.",
        )
    if post.expires is not None and post.expires <= now:
        yield Problem(
            level="notice",
            rule="expired",
            source=post.source,
            path=post.path,
            line=checked.field_line("expires"),
            message=f"the post expired on {post.expires.isoformat()}",
            hint="Remove that date if readers should see it again.",
        )


def _check_size(checked: CheckedPost) -> Iterator[Problem]:
    if len(checked.body) > _MAX_CHARACTERS:
        yield Problem(
            level="warning",
            rule="too-large",
            source=checked.post.source,
            path=checked.post.path,
            line=checked.body_line,
            message=f"the text has {len(checked.body):,} characters",
            hint="Every reader of the feed loads them. "
            f"Keep it below {_MAX_CHARACTERS:,}, or split it.",
        )


def _check_categories(checked: CheckedPost, usage: CategoryUsage) -> Iterator[Problem]:
    post, line = checked.post, checked.field_line("categories")
    for category in post.categories:
        near = usage.similar.get(category.slug)
        if near is not None:
            yield Problem(
                level="notice",
                rule="similar-category",
                source=post.source,
                path=post.path,
                line=line,
                message=f"{category.title} is used less than {near.title}: is it another category?",
                hint=f"Write {near.title}, or make the other an alias in the settings.",
            )
        elif category.slug in usage.unknown:
            yield Problem(
                level="notice",
                rule="unknown-category",
                source=post.source,
                path=post.path,
                line=line,
                message=f"the category {category.title} is neither of the settings "
                "nor of other posts",
                hint=f"The settings have: {', '.join(usage.defined)}.",
            )
