"""`program-updates`: login.gov's program updates, written in Decap CMS and shown by Jekyll.

Dates are exact, ``preview`` is Markdown, categories stand in the body line "Post filed in:", and
kramdown shows every line end in a paragraph as a break (``hard_wrap``).
"""

from typing import Final

from syndicate.dialects.mapping.keys import GENERAL
from syndicate.dialects.mapping.style import Style

PROGRAM_UPDATES: Final = Style(
    name="program-updates",
    permalink=lambda _place: "/partners/program-updates/:name/",
    keys=GENERAL,
    hard_breaks=True,
)
