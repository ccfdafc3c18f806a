"""The problems that a change introduces: those of the new edition that the old one lacks."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from syndicate.model.edition import Edition, Problem

_POSITION: Final = re.compile(r"\b(?:line|column) \d+")

ProblemIdentity = tuple[str, str, str, str]
"""Source, rule, file (as the id of its post, which renaming keeps), and message."""


def new_problems(
    before: Iterable[Problem],
    after: Iterable[Problem],
    *,
    old_edition: Edition,
    new_edition: Edition,
) -> Iterator[Problem]:
    """Yield the problems ``after``, of the new edition, that are not in ``before``, of the old one.

    A problem in another line or in a renamed file is the same; a repeated one is new.
    """
    ids = _post_ids(old_edition)
    old_problems = Counter(_identity(problem, ids) for problem in before)
    ids = _post_ids(new_edition)
    for problem in after:
        identity = _identity(problem, ids)
        if old_problems[identity]:
            old_problems[identity] -= 1
        else:
            yield problem


def _post_ids(edition: Edition) -> Mapping[tuple[str, str], str]:
    return {
        (post.source, post.path): post.tag_id
        for snapshot in edition.snapshots
        for post in snapshot.posts
    }


def _identity(problem: Problem, ids: Mapping[tuple[str, str], str]) -> ProblemIdentity:
    file = ids.get((problem.source, problem.path), problem.path)
    message = problem.message.replace(problem.path, "") if problem.path else problem.message
    return problem.source, problem.rule, file, _POSITION.sub("", message)
