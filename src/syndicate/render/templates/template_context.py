"""Values that template tags refer to: of the site, the page, and assigned in the text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from syndicate.model.markdown_options import KRAMDOWN, MarkdownEngine
from syndicate.render.messages import CommentSyntax
from syndicate.render.templates.template_tags import TagCall

_VARIABLE: Final = re.compile(r"(?:page|site|include|post|layout|forloop)\.[\w.\-]+")
"""Words that are variables also where nothing is known about their value."""
_LITERAL: Final = re.compile(r"true|false|-?\d+(?:\.\d+)?")
_NIL: Final = frozenset({"nil", "null", "none"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateContext:
    """Values that tags refer to.

    ``link_targets`` maps names of posts and pages to URLs. ``replacements`` are those of the
    settings, by the whole tag, by its inner text, or by its name. ``comment_syntaxes`` are those
    of the site's engine. ``values`` are plain values by name, such as ``page.image``; None if the
    engine has no value of that name either. ``engine`` reads the text around the tags.
    """

    site_url: str
    page_url: str
    link_targets: Mapping[str, str] = field(default_factory=dict)
    replacements: Mapping[str, str] = field(default_factory=dict)
    comment_syntaxes: tuple[CommentSyntax, ...] = ()
    values: Mapping[str, str | None] = field(default_factory=dict)
    engine: MarkdownEngine = KRAMDOWN

    @property
    def base_path(self) -> str:
        """The path that all paths of the site begin with, without a slash at the end."""
        return urlsplit(self.site_url).path.rstrip("/")

    @property
    def origin(self) -> str:
        """Scheme and host of the site."""
        return self.site_url.rstrip("/").removesuffix(self.base_path)

    def find(self, name: str) -> str | None:
        """Return the value of the variable ``name``, None if there is none or it is unknown."""
        if name == "page.url":
            return self.page_url.removeprefix(self.site_url.rstrip("/"))
        own = {"site.baseurl": self.base_path, "site.url": self.origin}
        if name in own or _LITERAL.fullmatch(name):
            return own.get(name, name)
        return self.values.get(name)

    def is_nil(self, name: str) -> bool:
        """Return whether the engine has no value called ``name``, as opposed to an unknown one."""
        return name in _NIL or (name in self.values and self.values[name] is None)

    def below_base(self, path: str) -> str:
        """Return ``path`` from the root of the site as a path from the root of its host."""
        is_path = path.startswith("/") and not path.startswith("//")
        return self.base_path + path if is_path else path

    def with_arguments(self, call: TagCall) -> TagCall | None:
        """Return ``call`` with variables replaced by values, None if one of them is unknown."""
        if not call.unquoted:
            return call
        arguments = list(call.arguments)
        named = dict(call.named_arguments)
        for key in call.unquoted:
            word = arguments[key] if isinstance(key, int) else named[key]
            value = self.find(word)
            if value is None and (_VARIABLE.fullmatch(word) or self.is_nil(word)):
                return None
            if isinstance(key, int):
                arguments[key] = word if value is None else value
            else:
                named[key] = word if value is None else value
        return replace(call, arguments=tuple(arguments), named_arguments=named)
