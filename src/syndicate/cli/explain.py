"""`syndicate explain`: the fields of a post, their origin, and the feeds that contain it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from syndicate.cli.check import problem_json, problem_lines
from syndicate.cli.options import AsJson, At, ConfigFile, Rev, command_app
from syndicate.cli.output import print_json, print_result
from syndicate.cli.snapshot import open_snapshot
from syndicate.model.explanation import Explanation, FeedMembership
from syndicate.service.explanation import explain_posts

app = command_app()


@app.command()
def explain(
    post: Annotated[str, typer.Argument(help="Path, URL, key or ID of the post.")],
    as_json: AsJson = False,
    rev: Rev = "",
    at: At = None,
    config: ConfigFile = None,
) -> None:
    """Explain the fields, origin and feeds of a post.

    Shows where each field comes from, which feeds contain the post, and why others do not.
    """
    with open_snapshot(config, rev=rev, at=at) as reader:
        found = explain_posts(reader.content, reader.edition, post)
    if as_json:
        print_json([_explanation_json(explanation) for explanation in found])
        return
    for explanation in found:
        for line in explanation_lines(explanation):
            print_result(line)
    if found[0].other_matches:
        print_result(
            f"Files of this name that are left out: {found[0].other_matches:,}. Use a path."
        )


def _explanation_json(explanation: Explanation) -> dict[str, Any]:
    problems = [problem_json(problem) for problem in explanation.problems]
    return asdict(explanation) | {"problems": problems}


def explanation_lines(explanation: Explanation) -> Iterator[str]:
    """Yield an explanation as lines of text."""
    yield f"{explanation.path} of {explanation.source}, at commit {explanation.commit[:12]}"
    yield f"Not served: {explanation.hidden}." if explanation.hidden else "Served."
    width = max((len(field.name) for field in explanation.fields), default=0)
    for field in explanation.fields:
        yield f"  {field.name:{width}}  {field.value}  [{field.origin}]"
    containing = [feed.feed for feed in explanation.feeds if not feed.reason]
    if containing:
        yield f"In {', '.join(containing)}."
    if not explanation.hidden:
        yield from _excluding_feeds(explanation.feeds)
    if explanation.history:
        yield "History:"
    for event in explanation.history:
        served = "  <- served" if event.served else ""
        yield f"  {event.at:%Y-%m-%d %H:%M}  {event.commit[:12]}  {event.what}{served}"
    for problem in explanation.problems:
        yield from problem_lines(problem)


def _excluding_feeds(memberships: Sequence[FeedMembership]) -> Iterator[str]:
    """Yield why feeds do not contain the post; feeds of other categories are only counted."""
    obvious = [
        m for m in memberships if m.reason in (f"not filed under {m.feed}", f"not from {m.feed}")
    ]
    for membership in memberships:
        if membership.reason and membership not in obvious:
            yield f"Not in {membership.feed}: {membership.reason}."
    if obvious:
        yield f"Not in {len(obvious)} feeds of other categories and sources."
