"""Checks of one rendered post: missing files, dates, size and categories."""

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
"""Maximum length of a body; the longest of some thousand real posts had a fifth of it."""
_MISSING_FILE_HINT: Final = (
    "Check the spelling; ignore this if the site generator creates the file."
)
_LINE: Final = re.compile(r"\bline (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPost:
    """A post with everything that is checked.

    ``body`` starts on line ``body_line`` of the file, counted from 1; ``references`` are its
    links and images inside the site; ``diagnostics`` are those of the renderer; ``origins`` are
    those of the fields.
    """

    post: Post
    body: str
    body_line: int
    references: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    origins: Mapping[str, str]
    images: tuple[tuple[str, str], ...] = ()
    """(field, URL as written) of images in front matter."""

    def field_line(self, field: str) -> int:
        """Return the line that ``field`` was read from, 0 if unknown."""
        found = _LINE.search(self.origins.get(field, ""))
        return int(found[1]) if found else 0


def check_post(
    checked: CheckedPost, *, now: datetime, files: RepositoryFiles, usage: CategoryUsage
) -> Iterator[Problem]:
    """Yield the problems of one post at the time ``now``, given all files and categories."""
    for diagnostic in (*checked.diagnostics, *_missing_files(checked, files)):
        yield Problem(
            level=diagnostic.level,
            rule=diagnostic.rule,
            source=checked.post.source,
            path=checked.post.path,
            line=diagnostic.line,
            column=diagnostic.column,
            message=diagnostic.message,
            hint=diagnostic.hint,
        )
    yield from _check_dates(checked, now)
    yield from _check_size(checked)
    yield from _check_categories(checked, usage)


def _missing_files(checked: CheckedPost, files: RepositoryFiles) -> tuple[Diagnostic, ...]:
    """Return the references of body and fields to missing files, with their positions."""
    missing = [(name, files.missing_reference(name, checked.post)) for name in checked.references]
    in_body = [_missing_file(name, absolute=kind == "absolute") for name, kind in missing if kind]
    in_fields = [
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
    return (*in_fields, *locate(in_body, checked.body, first_line=checked.body_line))


def _missing_file(name: str, *, absolute: bool) -> UnlocatedDiagnostic:
    if absolute:
        return UnlocatedDiagnostic(
            level="notice",
            rule="missing-file",
            search_text=name,
            message=f"{name} is not in that folder of the repository",
            hint=_MISSING_FILE_HINT,
        )
    return UnlocatedDiagnostic(
        level="warning",
        rule="relative-link",
        search_text=name,
        message=f"the repository has no file {name}, relative to the post or to its root",
        hint="Correct the name, or write the path from the root of the site.",
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
            message=f"the post is published on {post.published.isoformat()}",
            hint="No further commit is needed. Correct the date if this is not intended.",
        )
    if post.expires is not None and post.expires <= now:
        yield Problem(
            level="notice",
            rule="expired",
            source=post.source,
            path=post.path,
            line=checked.field_line("expires"),
            message=f"the post expired on {post.expires.isoformat()}",
            hint="Remove the expiry date if readers should see the post again.",
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
            hint="Every reader of the feed loads the text: "
            f"shorten it to {_MAX_CHARACTERS:,} characters, or split the post.",
        )


def _check_categories(checked: CheckedPost, usage: CategoryUsage) -> Iterator[Problem]:
    post, line = checked.post, checked.field_line("categories")
    for category in post.categories:
        similar = usage.similar.get(category.slug)
        if similar is not None:
            yield Problem(
                level="notice",
                rule="similar-category",
                source=post.source,
                path=post.path,
                line=line,
                message=f"{category.title} is probably a spelling of the more common"
                f" {similar.title}",
                hint=f"Write {similar.title}, or add {category.title} as an alias to the settings.",
            )
        elif category.slug in usage.unknown:
            yield Problem(
                level="notice",
                rule="unknown-category",
                source=post.source,
                path=post.path,
                line=line,
                message=f"the category {category.title} is not in the settings, and no other post"
                " has it",
                hint=f"Use a category of the settings: {', '.join(usage.defined)}.",
            )
