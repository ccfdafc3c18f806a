"""Everything that is wrong with an edition: with its sources, its files, and each rendered post."""

from collections.abc import Callable, Iterator

from syndicate.check.proof import Proof, proofread
from syndicate.check.subject import Subjects
from syndicate.check.tree import Tree
from syndicate.index.manuscript import Manuscript, Rendered
from syndicate.model.edition import Edition, Part, Problem
from syndicate.model.post import Path, Post
from syndicate.render.note import Note
from syndicate.service.newsroom import Newsroom


def problems(
    newsroom: Newsroom, edition: Edition, wanted: Callable[[Path], bool]
) -> Iterator[Problem]:
    """Yield what is wrong with the files that are ``wanted``, by source, file and line.

    What is wrong with a source as a whole comes before its files. Raises `RepositoryError`.
    """
    subjects = Subjects.of(edition.parts, edition.vocabulary)
    for one in edition.unread:
        yield _failing(one.source.name, one.failing)
    for part in edition.parts:
        if part.failing:
            yield _failing(part.source.name, part.failing)
        found = [problem for problem in part.problems if wanted(problem.path)]
        found += _of_posts(newsroom, edition, part, subjects, wanted)
        found.sort(key=lambda problem: (problem.path, problem.line, problem.column))
        yield from dict.fromkeys(found)
    yield from (problem for problem in _shared(edition) if wanted(problem.path))


def _failing(source: str, reason: str) -> Problem:
    return Problem(level="error", rule="source-failing", source=source, what=reason)


def _of_posts(
    newsroom: Newsroom,
    edition: Edition,
    part: Part,
    subjects: Subjects,
    wanted: Callable[[Path], bool],
) -> Iterator[Problem]:
    posts = [post for post in part.posts if wanted(post.path)]
    files = newsroom.index(part.source).repository.entries(part.commit, (Path("."),))
    tree = Tree.of(file.path for file in files)
    for manuscript, rendered in newsroom.proofs(posts, edition):
        proof = _proof(manuscript, rendered)
        yield from proofread(proof, at=edition.at, tree=tree, subjects=subjects)


def _proof(manuscript: Manuscript, rendered: Rendered) -> Proof:
    body, _, _ = manuscript.jobs
    fields = manuscript.fields
    pictures = (("card_image", fields.card_image), ("image", fields.image))
    origins = dict(fields.origins)
    return Proof(
        post=manuscript.post,
        body=body.body,
        body_line=body.first_line,
        references=manuscript.names,
        notes=_notes(rendered),
        origins=origins,
        pictures=tuple((name, address) for name, address in pictures if name in origins),
    )


def _notes(rendered: Rendered) -> tuple[Note, ...]:
    """Return the notes on text and summaries; links of a summary to files are not looked up."""
    text, *summaries = (one.notes for one in rendered)
    return (*text, *(n for notes in summaries for n in notes if n.rule != "relative-link"))


def _shared(edition: Edition) -> Iterator[Problem]:
    """Yield posts whose address one of another source has as well; both are served."""
    first: dict[str, Post] = {}
    for post in sorted((p for part in edition.parts for p in part.posts), key=lambda p: p.id):
        other = first.setdefault(post.url, post)
        if other.source != post.source:
            yield Problem(
                level="error",
                rule="duplicate-address",
                source=post.source,
                path=post.path,
                what=f"{post.url} is the address of {other.path} of {other.source} as well",
                hint="Give one of the two another permalink.",
            )
