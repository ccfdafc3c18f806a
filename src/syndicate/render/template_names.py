"""Finds the names of values in template tags before a body is rendered."""

import re
from typing import Final

_TAG: Final = re.compile(r"\{\{(?:(?!\{\{).)*?\}\}|\{%(?:(?!\{%).)*?%\}", re.DOTALL)
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_NAME: Final = re.compile(r"(?<![\w.\-])[A-Za-z_][\w\-]*(?:\.[\w\-]+|\[\d+\])*")
_PARAMETER: Final = re.compile(r"\bparam\s+[\"'`]?([\w.\-]+)")


def find_value_names(body: str) -> tuple[str, ...]:
    """Return the words in the template tags of ``body`` that may be names of values, each once.

    The argument of Hugo's shortcode ``param`` has ``param.`` before it, in lower case.
    """
    if "{{" not in body and "{%" not in body:
        return ()
    names: dict[str, None] = {}
    for tag in _TAG.finditer(body):
        for parameter in _PARAMETER.finditer(tag[0]):
            names[f"param.{parameter[1].lower()}"] = None
        names |= dict.fromkeys(_NAME.findall(_QUOTED.sub(" ", tag[0])))
    return tuple(names)
