"""Pages carry the identity of the agency."""

from dataclasses import replace

import pytest

from syndicate.model.agency import Agency, AgencyLink, Colors
from syndicate.render.pages.html_pages import about_page, content_security_policy, problem_page
from tests import samples
from tests.render.parsed_html import by_class, links, parse_page, text

AGENCY = Agency(
    name="Example Agency",
    url="https://www.example.gov",
    links=(
        AgencyLink(title="Accessibility", url="https://www.example.gov/accessibility?a=1&b"),
        AgencyLink(title="Rights", url="/about#rights"),
    ),
    privacy_url="https://www.example.gov/privacy",
    colors=Colors(primary="#1a4480", link="#005ea2", link_dark="#8cc0fa"),
)
BRANDED = replace(
    samples.SERVICE_INFO,
    public_url="https://feeds.example.gov/base",
    agency=AGENCY,
    icon_url="https://www.example.gov/icon.svg",
    logo_url="https://cdn.example.gov/logo.svg",
)


def test_pages_carry_the_identity_of_the_agency() -> None:
    """Name, links, privacy policy, icon, logo and colors."""
    root = parse_page(about_page(BRANDED, sources=[], links=()))

    (identifier,) = by_class(root, "identifier")
    assert text(identifier) == "A service of Example Agency Accessibility Rights"
    assert [link.get("href") for link in identifier.iter("a")] == [
        "https://www.example.gov",
        "https://www.example.gov/accessibility?a=1&b",
        "/base/about#rights",
    ]
    privacy = [link.get("href") for link in root.iter("a") if "rivacy" in text(link)]
    assert privacy == ["https://www.example.gov/privacy"] * 2
    assert [image.get("src") for image in root.iter("img")] == [
        "https://www.example.gov/icon.svg",
        "https://cdn.example.gov/logo.svg",
    ]
    assert [link["href"] for link in links(root, "icon")] == ["https://www.example.gov/icon.svg"]
    style = text(next(root.iter("style")))
    assert ":root{--band:#1a4480;--link:#005ea2;--visited:#005ea2;}" in style
    assert ":root{--band:#1a4480;--link:#8cc0fa;--visited:#8cc0fa;}" in style


def test_policy_allows_the_images_of_the_agency() -> None:
    """And nothing else of its hosts."""
    policy = content_security_policy(BRANDED, ("https://www.example.gov",)).split("; ")

    assert "img-src 'self' https://cdn.example.gov https://www.example.gov" in policy
    assert [rule for rule in policy if "example.gov" in rule] == [policy[2]]


def test_agency_may_have_only_a_name_or_only_links() -> None:
    """Whatever is missing is left out."""
    name = replace(samples.SERVICE_INFO, agency=Agency(name="Example Agency"))
    only_links = replace(samples.SERVICE_INFO, agency=Agency(links=AGENCY.links))

    shown = [
        text(by_class(parse_page(about_page(service, sources=[], links=())), "identifier")[0])
        for service in (name, only_links)
    ]
    assert shown == ["A service of Example Agency", "Accessibility Rights"]


@pytest.mark.parametrize(
    ("banner", "host", "words"),
    [
        (True, "feeds.example.gov", "Official websites use .gov. Only government organizations"),
        (True, "feeds.example.mil", "Official websites use .mil. Only organizations of the"),
        ("Test system", "feeds.example.gov", "Test system"),
    ],
)
def test_banner_is_official_or_a_text(banner: bool | str, host: str, words: str) -> None:
    """The first thing after the skip link."""
    service = replace(
        samples.SERVICE_INFO, public_url=f"https://{host}", agency=Agency(banner=banner)
    )

    root = parse_page(problem_page(service, title="Gone", detail="It left."))

    (shown,) = by_class(root, "banner")
    assert words in text(shown)
    assert ("how you know" in text(shown)) == (banner is True)
