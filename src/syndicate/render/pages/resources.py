"""The files beside the templates: style sheets, a script, words and the icon."""

from functools import cache
from importlib.resources import files


@cache
def read_resource(name: str) -> str:
    """Return the text of a file beside the templates."""
    return (files("syndicate.render") / "pages" / name).read_text("utf-8")


@cache
def favicon() -> bytes:
    """Return the icon of the service, an ICO of 16, 32 and 48 pixels."""
    return (files("syndicate.render") / "pages" / "favicon.ico").read_bytes()
