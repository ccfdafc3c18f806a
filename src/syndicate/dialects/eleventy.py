"""`eleventy`: any site made by Eleventy; directory data stand beside front matter.

Where neither says the date, the file name does, with a day of two digits.
"""

from typing import Final

from syndicate.dialects.fields import DEFAULT_KEYS
from syndicate.dialects.front_matter.dates import DateRules
from syndicate.dialects.front_matter.declarative_dialect import DeclarativeDialect
from syndicate.model.markdown_options import MARKDOWN_IT

ELEVENTY: Final = DeclarativeDialect(
    name="eleventy",
    keys=DEFAULT_KEYS,
    default_permalink=lambda path: f"/{'/'.join(path.folders)}/:name/",
    markdown=MARKDOWN_IT,
    comment_syntaxes=("nunjucks",),
    has_permalink_templates=True,
    dates=DateRules(read_in_utc="all"),
)
