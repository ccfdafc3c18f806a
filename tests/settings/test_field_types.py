"""The types of settings: accepted and rejected values."""

import pytest
from pydantic import TypeAdapter, ValidationError

from syndicate.settings import field_types

KINDS = {
    "ref": field_types.Ref,
    "preview": field_types.PreviewRef,
    "contact": field_types.Contact,
    "web url": field_types.WebUrl,
    "database": field_types.DatabaseUrl,
    "proxy": field_types.Proxy,
    "language": field_types.Language,
    "host": field_types.Host,
    "authority": field_types.Authority,
    "zone": field_types.TimeZone,
    "slug": field_types.CategorySlug,
}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ref", "main"),
        ("ref", "a"),
        ("ref", "refs/heads/cms/program_updates/a-b.c"),
        ("preview", "refs/heads/cms/*"),
        ("preview", "refs/pull/*/head"),
        ("contact", "mailto:web-team@example.gov"),
        ("contact", "https://chat.example.gov/hook?key=x"),
        ("web url", "http://localhost:8000"),
        ("web url", "https://[::1]:8000/feeds"),
        ("web url", "https://agency.github.example/site"),
        ("database", "sqlite:////var/lib/syndicate/feeds.db"),
        ("database", "postgresql:///feeds"),
        ("database", "postgresql://feeds:pass:word@feeds_db/feeds"),
        ("database", "postgresql://u:p%40@[::1]:5432/feeds?sslmode=require"),
        ("proxy", ""),
        ("proxy", "http://robot:token@10.0.0.1:3128"),
        ("language", "zh-Hant-TW"),
        ("language", "es-419"),
        ("host", "localhost"),
        ("authority", ""),
        ("authority", "feeds@example.gov"),
        ("zone", "America/Argentina/Buenos_Aires"),
        ("slug", "tecnología-2"),
    ],
)
def test_valid_values_are_accepted(kind: str, text: str) -> None:
    """Valid values are returned, normalized where necessary."""
    assert TypeAdapter(KINDS[kind]).validate_python(text) == text


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(("ref", text) for text in ("", "-x", "/x", "x/", ".x", "x.", "x..y", "x//y", "x/.y")),
        *(("ref", text) for text in ("x y", "x~1", "x^", "x:y", "x?", "x*", "x[", "x\\", "x@{1}")),
        *(("contact", text) for text in ("", "web-team", "http://chat.example.gov/hook")),
        *(("preview", text) for text in ("", "main", "refs/", "refs/heads/a b", "refs/x?/[y]")),
        *(("ref", text) for text in ("x.lock", "x.lock/y", "x\x7fy")),
        *(("web url", text) for text in ("", "example.gov", "ftp://example.gov", "https://")),
        *(
            ("web url", text)
            for text in ("https://u@example.gov", "https://e.gov/#a", "https://e.gov:a")
        ),
        *(("web url", text) for text in ("https://e.gov/a b", "https://[::1", "https://-e.gov")),
        *(("database", text) for text in ("", "sqlite://", "sqlite:///", "sqlite:///:memory:")),
        *(("database", text) for text in ("postgresql://host", "postgresql://host/", "feeds.db")),
        *(("database", text) for text in ("postgresql://h:port/feeds", "postgres://[::1/feeds")),
        *(("proxy", text) for text in ("proxy:3128", "http://", "http://proxy/path")),
        *(("language", text) for text in ("", "e", "english-", "en_US", "toolonglanguage")),
        *(("host", text) for text in ("", "example.gov/", "*.example.gov", "a b")),
        *(("authority", text) for text in ("@example.gov", "a:b", "example.gov,2024")),
        *(("zone", text) for text in ("", "Mars/Olympus", "../UTC", "America")),
        *(("slug", text) for text in ("", "TTS", "a_b", "a--b", "-a")),
    ],
)
def test_invalid_values_are_rejected(kind: str, text: str) -> None:
    """The error begins with the expected value."""
    with pytest.raises(ValidationError, match="expected"):
        TypeAdapter(KINDS[kind]).validate_python(text)
