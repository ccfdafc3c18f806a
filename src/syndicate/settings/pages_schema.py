"""The tables of `syndicate.toml` about pages: the agency, and templates of its own."""

from typing import Annotated

from pydantic import AfterValidator, Field

from syndicate.model.agency import is_color
from syndicate.settings.field_types import LinkUrl, OptionalLinkUrl, OptionalWebUrl, Table, Text


def _optional_color(text: str) -> str:
    if not text or is_color(text):
        return text
    raise ValueError("expected a color such as #14304f")


Color = Annotated[str, AfterValidator(_optional_color)]


class ColorsTable(Table):
    """Colors of pages."""

    primary: Color = Field(default="", description="Background of the header.")
    primary_text: Color = Field(default="", description="Text on `primary`.")
    accent: Color = Field(default="", description="Line below the header.")
    link: Color = Field(default="", description="Links and buttons.")
    link_dark: Color = Field(
        default="", description="Links and buttons for readers who prefer dark pages."
    )


class AgencyLinkTable(Table):
    """A link in the footer of every page."""

    title: Text = Field(description="Text of the link.")
    url: LinkUrl = Field(description="URL, or a path of this service.")


class AgencyTable(Table):
    """The agency that runs the service."""

    name: str = Field(default="", description="Name of the agency, on every page.")
    url: OptionalWebUrl = Field(default="", description="URL of the agency's website.")
    icon: OptionalWebUrl = Field(
        default="",
        description="URL of a small square image, shown by feed readers in lists of feeds, in the "
        "header of pages, and by browsers.",
    )
    logo: OptionalWebUrl = Field(
        default="",
        description="URL of a larger image, shown by feed readers with a feed, and in the footer "
        "of pages.",
    )
    banner: bool | str = Field(
        default=False,
        description="`true`: the banner of official websites of the United States government, for "
        ".gov and .mil hosts. Text: a banner of your own.",
    )
    links: tuple[AgencyLinkTable, ...] = Field(
        default=(),
        description="Links in the footer of every page, such as the accessibility statement: a "
        "list of `{ title, url }`.",
    )
    privacy_url: OptionalLinkUrl = Field(
        default="",
        description="URL of the agency's privacy policy, in place of the text on `/about`.",
    )
    colors: ColorsTable = Field(default=ColorsTable(), description="Colors of pages.")


class PagesTable(Table):
    """Pages for people."""

    open: bool = Field(
        default=False,
        description="Show `/explain` and `/check` to everybody, for what is served at present. "
        "Branches and other times always need a token of an admin or editor.",
    )
    docs: str = Field(
        default="",
        description="Folder with the built documentation (`make docs`), served at `/docs`.",
    )
    templates: str = Field(
        default="",
        description="Folder with templates that replace those of the service.",
    )
