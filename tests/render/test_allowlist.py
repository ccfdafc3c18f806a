"""The published allow-list is the one in use."""

import re
from pathlib import Path
from typing import Final

from syndicate.render import allowlist

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = (ROOT / "docs" / "reference" / "html.md").read_text()
URLS: Final = " ".join(DOCUMENT.partition("## URLs")[2].split())


def section(start: str, end: str) -> list[str]:
    """Return the code spans between two pieces of the document."""
    text = DOCUMENT.partition(start)[2].partition(end)[0]
    return re.findall(r"`([^`]+)`", text)


def rows(start: str) -> dict[str, list[str]]:
    """Return the rows of the first table after ``start``: first cell, then the others."""
    table = DOCUMENT.partition(start)[2].partition("|---|---|\n")[2].partition("\n\n")[0]
    cells = [re.findall(r"`([^`]+)`", row) for row in table.splitlines()]
    return {first: others for first, *others in cells}


def test_elements_and_attributes_are_published() -> None:
    """All of them, and no others."""
    plain = {name: list[str]() for name in section("allow only the global attributes:", "Obsolete")}
    listed = rows("## Elements") | plain
    assert {name: sorted(own) for name, own in allowlist.ELEMENTS.items()} == listed
    assert set(section("Global attributes,", "These elements")) == allowlist.GLOBAL_ATTRIBUTES


def test_replaced_and_removed_elements_are_published() -> None:
    """All of them, and no others."""
    renamed = section("replaced by current ones:", ". `li`")
    assert dict(zip(renamed[::2], renamed[1::2], strict=True)) == allowlist.REPLACED_ELEMENTS
    assert set(section("current ones", "outside")) >= set(allowlist.ORPHAN_REPLACEMENTS)
    assert (
        set(section("together with their content:", "Allowed classes"))
        == allowlist.REMOVED_ELEMENTS
    )
    assert set(section("Allowed classes:", "and, on code")) == allowlist.ALLOWED_CLASSES


def test_schemes_and_iframe_hosts_are_published() -> None:
    """Of links, resources and iframes."""
    links = re.findall(r"`(\w+):`", URLS.partition("Images")[0])
    resources = re.findall(r"`(\w+):`", URLS.partition("Images")[2].partition("URLs with")[0])
    assert set(links) == allowlist.LINK_SCHEMES
    assert set(resources) == allowlist.RESOURCE_SCHEMES
    assert rows("## Embeds") == {host: [path] for host, path in allowlist.IFRAME_HOSTS.items()}
    assert section("this sandbox:", "\n\n")[-1].split() == allowlist.IFRAME_SANDBOX.split()


def test_every_element_is_in_one_list_only() -> None:
    """An element is allowed, replaced, or removed."""
    lists = (
        set(allowlist.ELEMENTS),
        set(allowlist.REPLACED_ELEMENTS),
        set(allowlist.REMOVED_ELEMENTS),
    )
    assert sum(map(len, lists)) == len(set.union(*lists))
