"""Takes the definitions off the beginning of a paragraph: link references and abbreviations."""

import re
from dataclasses import dataclass, field
from typing import Final

_REFERENCE: Final = re.compile(
    r"\[((?:[^\[\]\\]|\\.){1,999})\]:[ \t]*\n?[ \t]*(?:<([^<>\n]*)>|([^\s<]\S*))"
    r"(?:(?:[ \t]+|[ \t]*\n[ \t]*)(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|\(([^()\\]*)\)))?"
    r"[ \t]*(?:\n|$)"
)
_UNTITLED: Final = re.compile(
    r"\[((?:[^\[\]\\]|\\.){1,999})\]:[ \t]*\n?[ \t]*(?:<([^<>\n]*)>|([^\s<]\S*))[ \t]*(?:\n|$)"
)
_ABBREVIATION: Final = re.compile(r"\*\[([^\]\\\n]+)\][ ]?:[ \t]*([^\n]*)(?:\n|$)")


@dataclass(slots=True)
class Definitions:
    """What was defined anywhere in a text: references by name in lower case, abbreviations."""

    references: dict[str, tuple[str, str]] = field(default_factory=dict)
    abbreviations: dict[str, str] = field(default_factory=dict)

    def take(self, text: str) -> str:
        """Return paragraph ``text`` without the definitions it begins with; they are kept."""
        start = 0
        while True:
            abbreviation = _ABBREVIATION.match(text, start)
            reference = _REFERENCE.match(text, start) or _UNTITLED.match(text, start)
            if abbreviation:
                self.abbreviations[abbreviation[1].strip()] = abbreviation[2].strip()
                start = abbreviation.end()
            elif reference and not reference[1].isspace():
                name = " ".join(reference[1].split()).lower()
                address = reference[2] if reference[2] is not None else reference[3]
                titles = [t for t in reference.groups()[3:] if t is not None]
                self.references.setdefault(name, (address, titles[0] if titles else ""))
                start = reference.end()
            else:
                return text[start:]
