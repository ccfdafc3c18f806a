"""What patterns of permalinks are made of, in the words of Jekyll and Hugo: styles and tokens.

https://jekyllrb.com/docs/permalinks/ and https://gohugo.io/content-management/urls/; pure.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

PERMALINK_STYLES: Final = {
    "date": "/:categories/:year/:month/:day/:title:output_ext",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title:output_ext",
    "weekdate": "/:categories/:year/W:week/:short_day/:title:output_ext",
    "none": "/:categories/:title:output_ext",
}
"""Jekyll's permalink styles by name."""


def date_tokens(at: datetime) -> Mapping[str, str]:
    """Return the values of the date placeholders of Jekyll and Hugo."""
    month, day = MONTHS[at.month - 1], _DAYS[at.weekday()]
    year, week, weekday = at.isocalendar()
    return {
        "year": f"{at.year:04}",
        "short_year": f"{at.year % 100:02}",
        "month": f"{at.month:02}",
        "i_month": str(at.month),
        "short_month": month[:3],
        "long_month": month,
        "day": f"{at.day:02}",
        "i_day": str(at.day),
        "y_day": f"{at.timetuple().tm_yday:03}",
        "short_day": day[:3],
        "long_day": day,
        "w_year": f"{year:04}",
        "week": f"{week:02}",
        "w_day": str(weekday),
        "hour": f"{at.hour:02}",
        "minute": f"{at.minute:02}",
        "second": f"{at.second:02}",
        "monthname": month.lower(),
        "yearday": str(at.timetuple().tm_yday),
        "weekday": str(weekday % 7),
        "weekdayname": day.lower(),
    }


def select_folders(path: str, part: str) -> str:
    """Return the folders of ``path`` at ``part``: ``[0]``, ``[last]``, ``[1:]`` or ``[:2]``."""
    folders = path.split("/")
    start, colon, end = part.replace("last", str(len(folders) - 1)).partition(":")
    if not (start + end).isdecimal():
        return path
    selected = slice(int(start or 0), int(end) if end else None)
    return "/".join(folders[selected] if colon else folders[int(start) :][:1])
