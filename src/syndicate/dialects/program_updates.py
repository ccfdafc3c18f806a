"""The dialect `program-updates`, of login.gov: written in Decap CMS, rendered by Jekyll.

Dates are exact, ``preview`` is Markdown, categories are in the line "Post filed in:" of the body,
and every line end in a paragraph is a line break (kramdown's ``hard_wrap``).
"""

from dataclasses import replace
from typing import Final

from syndicate.dialects.fields import DEFAULT_KEYS
from syndicate.dialects.front_matter.dates import DateRules
from syndicate.dialects.front_matter.declarative_dialect import DeclarativeDialect
from syndicate.model.markdown_options import KRAMDOWN, MarkdownEngine

PROGRAM_UPDATES: Final = DeclarativeDialect(
    name="program-updates",
    default_permalink=lambda _path: "/partners/program-updates/:name/",
    keys=DEFAULT_KEYS,
    markdown=MarkdownEngine(
        flavour="kramdown", options=replace(KRAMDOWN.options, hard_breaks=True)
    ),
    dates=DateRules(read_in_utc="timestamps"),
)
