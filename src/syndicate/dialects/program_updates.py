"""`program-updates`: login.gov's program updates, written in Decap CMS and shown by Jekyll.

Dates are exact, ``preview`` is Markdown, categories stand in the body line "Post filed in:", and
kramdown shows every line end in a paragraph as a break (``hard_wrap``).
"""

from typing import Final

from syndicate.dialects.front_matter.declarative_dialect import DeclarativeDialect
from syndicate.dialects.front_matter.field_reader import DEFAULT_KEYS

PROGRAM_UPDATES: Final = DeclarativeDialect(
    name="program-updates",
    default_permalink=lambda _place: "/partners/program-updates/:name/",
    keys=DEFAULT_KEYS,
    hard_breaks=True,
)
