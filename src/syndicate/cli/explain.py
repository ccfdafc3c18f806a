"""`syndicate explain`: what is known of one file, where it came from, and who gets to see it."""

from dataclasses import asdict
from typing import Annotated

import typer

from syndicate.cli.options import AsJson, At, ConfigFile, Rev
from syndicate.cli.output import print_json, print_result


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
    from syndicate.cli.edition_snapshot import open_snapshot
    from syndicate.cli.explain_post import explain_posts, explanation_lines

    with open_snapshot(config, rev=rev, at=at) as reader:
        found = explain_posts(reader, post)
    if as_json:
        print_json([asdict(explanation) for explanation in found])
        return
    for explanation in found:
        for line in explanation_lines(explanation):
            print_result(line)
