"""Find the problems of an edition: of its sources, its files, and each rendered post."""

from collections.abc import Callable, Iterator

from syndicate.content.checks.category_usage import CategoryUsage
from syndicate.content.checks.post_checks import (
    CheckedPost,
    RepositoryFiles,
    check_post,
)
from syndicate.content.render_input import RenderInput, RenderResults
from syndicate.model.edition import Edition, Problem, SourceSnapshot
from syndicate.model.post import Path, Post
from syndicate.render.diagnostics import Diagnostic
from syndicate.service.content_service import ContentService


def check_edition(
    content: ContentService, edition: Edition, is_selected: Callable[[Path], bool]
) -> Iterator[Problem]:
    """Yield the problems of selected files, by source, file and line.

    Problems of a source as a whole come before its files. Raises `RepositoryError`.
    """
    category_usage = CategoryUsage.count(edition.snapshots, edition.vocabulary)
    for unavailable in edition.unavailable:
        yield _source_problem(unavailable.source.name, unavailable.error)
    for snapshot in edition.snapshots:
        if snapshot.error:
            yield _source_problem(snapshot.source.name, snapshot.error)
        found = [problem for problem in snapshot.problems if is_selected(problem.path)]
        found += _post_problems(content, edition, snapshot, category_usage, is_selected)
        found.sort(key=lambda problem: (problem.path, problem.line, problem.column))
        yield from dict.fromkeys(found)
    yield from (problem for problem in _duplicate_urls(edition) if is_selected(problem.path))


def _source_problem(source: str, reason: str) -> Problem:
    return Problem(level="error", rule="source-failing", source=source, message=reason)


def _post_problems(
    content: ContentService,
    edition: Edition,
    snapshot: SourceSnapshot,
    category_usage: CategoryUsage,
    is_selected: Callable[[Path], bool],
) -> Iterator[Problem]:
    posts = [post for post in snapshot.posts if is_selected(post.path)]
    if not posts:
        return
    files = content.index(snapshot.source).repository.list_files(snapshot.commit, (Path("."),))
    repository_files = RepositoryFiles.from_paths(file.path for file in files)
    for render_input, rendered in content.render_for_check(posts, edition):
        checked_post = _checked_post(render_input, rendered)
        yield from check_post(
            checked_post, now=edition.at, files=repository_files, usage=category_usage
        )


def _checked_post(render_input: RenderInput, rendered: RenderResults) -> CheckedPost:
    body, _, _ = render_input.requests
    fields = render_input.fields
    images = (("card_image", fields.card_image), ("image", fields.image))
    origins = dict(fields.origins)
    return CheckedPost(
        post=render_input.post,
        body=body.body,
        body_line=body.first_line,
        references=render_input.link_names,
        diagnostics=_diagnostics(rendered),
        origins=origins,
        images=tuple((name, address) for name, address in images if name in origins),
        has_text=bool(
            rendered[0].text.strip() or "<" in rendered[0].content or fields.external_url
        ),
        has_image=bool(fields.card_image or fields.image or any(r.image for r in rendered[:2])),
    )


def _diagnostics(rendered: RenderResults) -> tuple[Diagnostic, ...]:
    """Return the notes on text and summaries; links of a summary to files are not looked up."""
    text, *summaries = (result.diagnostics for result in rendered)
    return (*text, *(n for notes in summaries for n in notes if n.rule != "relative-link"))


def _duplicate_urls(edition: Edition) -> Iterator[Problem]:
    """Yield a problem for each post whose URL a post of another source has; both are served."""
    first: dict[str, Post] = {}
    for post in sorted(
        (p for snapshot in edition.snapshots for p in snapshot.posts), key=lambda p: p.tag_id
    ):
        other = first.setdefault(post.url, post)
        if other.source != post.source:
            yield Problem(
                level="error",
                rule="duplicate-address",
                source=post.source,
                path=post.path,
                message=f"{post.url} is the address of {other.path} of {other.source} as well",
                hint="Give one of the two another permalink.",
            )
