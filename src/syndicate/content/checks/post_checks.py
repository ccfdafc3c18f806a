"""Checks of rendered posts: missing files, links, dates, size, and categories."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final, Literal
from urllib.parse import unquote, urljoin, urlsplit

from syndicate.content.checks.category_usage import CategoryUsage
from syndicate.model.edition import Problem
from syndicate.model.post import Path, Post
from syndicate.render.diagnostics import (
    Diagnostic,
    UnlocatedDiagnostic,
    line_and_column,
    locate,
)

_FILE_PATH: Final = re.compile(
    r".*\.(?:avif|bmp|csv|docx?|gif|ico|jpe?g|json|mp[34]|odt|pdf|png|pptx?|svg|tiff?|txt"
    r"|web[mp]|xlsx?|xml|zip)",
    re.IGNORECASE | re.DOTALL,
)
"""Extensions of files that site generators copy; pages are generated and cannot be checked."""


@dataclass(frozen=True, kw_only=True)
class RepositoryFiles:
    """The paths of all files of a repository at one commit."""

    paths: frozenset[Path]

    @classmethod
    def from_paths(cls, paths: Iterable[Path]) -> "RepositoryFiles":
        """Return the files with ``paths``."""
        return cls(paths=frozenset(paths))

    def missing_reference(self, name: str, post: Post) -> Literal["", "relative", "absolute"]:
        """Return how ``name``, a URL as written in ``post``, refers to a file that is missing.

        Empty if the file exists or cannot be checked: the site generator may create pages, and
        folders that the repository lacks. Any folder with the same ending matches:
        ``/assets/x.png`` may be in ``src/assets``.
        """
        try:
            path = unquote(urlsplit(name).path)
        except ValueError:  # not a URL, which is a problem of another rule
            return ""
        if not _FILE_PATH.fullmatch(path):
            return ""
        if path.startswith("/"):
            return "absolute" if self._is_missing(path.strip("/")) else ""
        from_post = posixpath.normpath(posixpath.join(posixpath.dirname(post.path), path))
        site_path = unquote(urlsplit(urljoin(post.url, name)).path).strip("/")
        if from_post in self.paths or path in self.paths or self._has_path_ending(site_path):
            return ""
        has_folder = posixpath.dirname(from_post) in self._folders or self._is_missing(site_path)
        return "relative" if has_folder else ""

    def _has_path_ending(self, tail: str) -> bool:
        return _any_ends_with(self._paths_by_name.get(posixpath.basename(tail), ()), tail)

    def _is_missing(self, tail: str) -> bool:
        """Return whether the folder of ``tail`` exists, but not the file."""
        folder = posixpath.dirname(posixpath.normpath(tail))
        candidates = self._folders_by_name.get(posixpath.basename(folder), ())
        return (
            bool(folder)
            and _any_ends_with(candidates, folder)
            and not self._has_path_ending(posixpath.normpath(tail))
        )

    @cached_property
    def _folders(self) -> frozenset[str]:
        return frozenset(posixpath.dirname(path) for path in self.paths)

    @cached_property
    def _paths_by_name(self) -> dict[str, list[str]]:
        return _group_by_name(self.paths)

    @cached_property
    def _folders_by_name(self) -> dict[str, list[str]]:
        return _group_by_name(self._folders)


def _group_by_name(paths: Iterable[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for path in paths:
        groups.setdefault(posixpath.basename(path), []).append(path)
    return groups


def _any_ends_with(paths: Iterable[str], tail: str) -> bool:
    return any(path == tail or path.endswith(f"/{tail}") for path in paths)


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
    has_text: bool = True
    """Whether readers see any text, image, link or recording."""
    has_image: bool = True
    """Whether the post has an image, of the front matter or of the text."""

    def field_line(self, field: str) -> int:
        """Return the line that ``field`` was read from, 0 if unknown."""
        found = _LINE.search(self.origins.get(field, ""))
        return int(found[1]) if found else 0


def check_post(
    checked: CheckedPost, *, now: datetime, files: RepositoryFiles, usage: CategoryUsage
) -> Iterator[Problem]:
    """Yield the problems of one post at the time ``now``, given all files and categories."""
    for diagnostic in (
        *checked.diagnostics,
        *_missing_files(checked, files),
        *_link_mistakes(checked),
    ):
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
    yield from _check_completeness(checked)
    yield from _check_categories(checked, usage)


_CODE: Final = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})(?:(?!^ {0,3}(?P=fence)).)*|^(?: {4}|\t)[^\n]*"
    r"|(?P<ticks>`+)(?:(?!`|\n\n).)+(?P=ticks)|<pre\b.*?</pre>|<code\b.*?</code>|\{%-?\s*highlight\b.*?endhighlight"
    r"|<!--.*?-->",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
"""Code and comments, in which links are examples."""
_EMPTY_TARGET: Final = re.compile(r"(?<!!)\[[^\[\]\n]+\]\([ \t]*\)|<a\b[^<>]*\bhref=(?:\"\"|'')")
_LOCAL_TARGET: Final = re.compile(
    r"(?:\]\(|\b(?:href|src)=[\"']?)"
    r"(?P<url>(?:https?://(?:localhost|127\.0\.0\.1|\[::1\])[:/]|file:|[A-Z]:\\)[^)\s\"'>]*)",
    re.IGNORECASE,
)


def _link_mistakes(checked: CheckedPost) -> Iterator[Diagnostic]:
    """Yield links without a target, and those to the computer of the editor."""
    body = _CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), checked.body)
    for found in _EMPTY_TARGET.finditer(body):
        line, column = line_and_column(body, found.start())
        yield Diagnostic(
            level="warning",
            rule="empty-link",
            line=checked.body_line + line - 1,
            column=column,
            message=f"the link {found[0]} leads nowhere"[:200],
            hint="Write the URL between the parentheses, or remove the link.",
        )
    for found in _LOCAL_TARGET.finditer(body):
        line, column = line_and_column(body, found.start("url"))
        yield Diagnostic(
            level="warning",
            rule="local-link",
            line=checked.body_line + line - 1,
            column=column,
            message=f"{found['url']} is on your own computer, where no reader can open it"[:200],
            hint="Write the address of the page on the public site.",
        )


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
            message=f"{name} is not in the repository",
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
            message=f"{name} is not in the repository",
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


def _check_completeness(checked: CheckedPost) -> Iterator[Problem]:
    post = checked.post
    if not checked.has_text:
        yield Problem(
            level="warning",
            rule="empty-body",
            source=post.source,
            path=post.path,
            line=checked.body_line,
            message="the post has no text below the front matter",
            hint="Write the text below the second ---, or set draft: true until then.",
        )
    if post.carousel and not checked.has_image:
        yield Problem(
            level="warning",
            rule="carousel-image",
            source=post.source,
            path=post.path,
            line=checked.field_line("carousel"),
            message="the post is in the carousel and has no picture",
            hint="Add carousel_image: and carousel_image_alt_text:, or a picture to the text.",
        )
    if post.expires is not None and post.expires <= post.published:
        yield Problem(
            level="warning",
            rule="expires-first",
            source=post.source,
            path=post.path,
            line=checked.field_line("expires"),
            message="the post expires before it is published: no reader ever sees it",
            hint=f"Correct the date of expiry, or that of publication ({post.published.date()}).",
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
    if not post.categories and post.source in usage.categorized_sources:
        yield Problem(
            level="notice",
            rule="no-category",
            source=post.source,
            path=post.path,
            message="the post has no category, unlike nearly all posts of its source",
            hint="Add categories: with a list; without one the post is in no feed of a category.",
        )
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
