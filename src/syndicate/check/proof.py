"""A post as written and as rendered, and what is wrong with it beside all others; pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from syndicate.check.subject import Subjects
from syndicate.check.tree import Tree
from syndicate.model.edition import Problem
from syndicate.model.post import Post
from syndicate.render.note import Finding, Note, locate

_LARGE: Final = 200_000
"""Characters of text; the longest of some thousand real posts had a fifth of it."""
_SLIP: Final = "Look for a slip of the pen; it is well if the site makes the file itself."
_LINE: Final = re.compile(r"\bline (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One post to be read by an editor.

    ``body`` begins on line ``body_line`` of the file, from 1; ``references`` are the names and
    addresses inside the site that it refers to, ``notes`` what its renderer noted, ``origins``
    where the values of its fields are from, ``pictures`` the addresses of images in its fields.
    """

    post: Post
    body: str
    body_line: int
    references: tuple[str, ...]
    notes: tuple[Note, ...]
    origins: Mapping[str, str]
    pictures: tuple[tuple[str, str], ...] = ()
    """(field, address as written)."""

    def line(self, field: str) -> int:
        """Return the line that ``field`` is from, 0 if from none."""
        found = _LINE.search(self.origins.get(field, ""))
        return int(found[1]) if found else 0


def proofread(proof: Proof, *, at: datetime, tree: Tree, subjects: Subjects) -> Iterator[Problem]:
    """Yield what is wrong with one post at ``at``, the files and categories around it known."""
    for note in (*proof.notes, *_missing(proof, tree)):
        yield Problem(
            level=note.level,
            rule=note.rule,
            source=proof.post.source,
            path=proof.post.path,
            line=note.line,
            column=note.column,
            what=note.what,
            hint=note.hint,
        )
    yield from _time(proof, at)
    yield from _size(proof)
    yield from _filing(proof, subjects)


def _missing(proof: Proof, tree: Tree) -> tuple[Note, ...]:
    """Find files that are referred to and are not there, and where they are named."""
    lacking = [(name, tree.lacks(name, proof.post)) for name in proof.references]
    findings = [_finding(name, absolute=kind == "absolute") for name, kind in lacking if kind]
    fields = [
        Note(
            level="notice",
            rule="missing-file",
            line=proof.line(field),
            column=0,
            what=f"{name} is not in that folder of the repository",
            hint=_SLIP,
        )
        for field, name in proof.pictures
        if tree.lacks(name, proof.post)
    ]
    return (*fields, *locate(findings, proof.body, first_line=proof.body_line))


def _finding(name: str, *, absolute: bool) -> Finding:
    if absolute:
        what = f"{name} is not in that folder of the repository"
        return Finding(level="notice", rule="missing-file", needle=name, what=what, hint=_SLIP)
    return Finding(
        level="warning",
        rule="relative-link",
        needle=name,
        what=f"the repository has no file {name}, neither beside the post nor from its root",
        hint="Name the file as it is called now, or by its path from the root of the site.",
    )


def _time(proof: Proof, at: datetime) -> Iterator[Problem]:
    post = proof.post
    if post.published > at:
        yield Problem(
            level="notice",
            rule="future-date",
            source=post.source,
            path=post.path,
            line=proof.line("published"),
            what=f"the post appears on {post.published.isoformat()}",
            hint="It needs no further commit then. Correct the date if that is not meant.",
        )
    if post.expires is not None and post.expires <= at:
        yield Problem(
            level="notice",
            rule="expired",
            source=post.source,
            path=post.path,
            line=proof.line("expires"),
            what=f"the post expired on {post.expires.isoformat()}",
            hint="Remove that date if readers should see it again.",
        )


def _size(proof: Proof) -> Iterator[Problem]:
    if len(proof.body) > _LARGE:
        yield Problem(
            level="warning",
            rule="too-large",
            source=proof.post.source,
            path=proof.post.path,
            line=proof.body_line,
            what=f"the text has {len(proof.body):,} characters",
            hint=f"Every reader of the feed loads them. Keep it below {_LARGE:,}, or split it.",
        )


def _filing(proof: Proof, subjects: Subjects) -> Iterator[Problem]:
    post, line = proof.post, proof.line("categories")
    for category in post.categories:
        near = subjects.nearest.get(category.slug)
        if near is not None:
            yield Problem(
                level="notice",
                rule="similar-category",
                source=post.source,
                path=post.path,
                line=line,
                what=f"{category.title} is used less than {near.title}: is it another category?",
                hint=f"Write {near.title}, or make the other an alias in the settings.",
            )
        elif category.slug in subjects.strangers:
            yield Problem(
                level="notice",
                rule="unknown-category",
                source=post.source,
                path=post.path,
                line=line,
                what=f"the category {category.title} is neither of the settings nor of other posts",
                hint=f"The settings have: {', '.join(subjects.known)}.",
            )
