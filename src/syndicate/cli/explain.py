"""`syndicate explain`: what is known of one file, where it came from, and who gets to see it."""

from dataclasses import asdict
from typing import Annotated

import typer

from syndicate.cli.options import AsJson, At, ConfigFile, Rev
from syndicate.cli.terminal import say, say_json


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
    from syndicate.cli.explanation import explanations, lines
    from syndicate.cli.still import still

    with still(config, rev=rev, at=at) as reader:
        found = explanations(reader, post)
    if as_json:
        say_json([asdict(explanation) for explanation in found])
        return
    for explanation in found:
        for line in lines(explanation):
            say(line)
