"""What a change brought in: the problems of after that were not there before; pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from syndicate.model.edition import Edition, Problem

_POSITION: Final = re.compile(r"\b(?:line|column) \d+")

ProblemIdentity = tuple[str, str, str, str]
"""Source, rule, file (by the id of its post, so that it may be renamed), and what is said."""


def new_problems(
    before: Iterable[Problem],
    after: Iterable[Problem],
    *,
    old_edition: Edition,
    new_edition: Edition,
) -> Iterator[Problem]:
    """Yield those of ``after`` that are not in ``before``, the editions being ``old`` and ``new``.

    A problem that moved to another line, or with its file to another name, is the same; a second
    one of the same content is another.
    """
    names = _post_ids(old_edition)
    known = Counter(_identity(problem, names) for problem in before)
    names = _post_ids(new_edition)
    for problem in after:
        identity = _identity(problem, names)
        if known[identity]:
            known[identity] -= 1
        else:
            yield problem


def _post_ids(edition: Edition) -> Mapping[tuple[str, str], str]:
    return {(post.source, post.path): post.id for part in edition.snapshots for post in part.posts}


def _identity(problem: Problem, ids: Mapping[tuple[str, str], str]) -> ProblemIdentity:
    file = ids.get((problem.source, problem.path), problem.path)
    what = problem.message.replace(problem.path, "") if problem.path else problem.message
    return problem.source, problem.rule, file, _POSITION.sub("", what)
