"""Entries of the audit log, and who acts."""

from syndicate.model.access_token import AccessToken, TokenId
from syndicate.model.audit import Actor, AuditEntry, failed_authentication
from tests.samples import NOW

TOKEN = AccessToken(id=TokenId("tok_1"), role="partner", name="service", created=NOW)


def test_holder_of_a_token_is_named_by_its_id() -> None:
    """Anyone can be called "service"."""
    actor = Actor.from_token(TOKEN, "192.0.2.1")
    assert actor == Actor(name="token:tok_1 (service)", address="192.0.2.1")


def test_entry_becomes_one_json_object() -> None:
    """Times as RFC 3339."""
    entry = AuditEntry(
        id=7,
        at=NOW,
        actor=Actor(name="command:operator"),
        action="secret.rotated",
        object_id="sub_1",
        detail={"a": 1},
    )
    assert entry.to_json() == {
        "id": 7,
        "at": "2024-06-01T12:00:00.000Z",
        "actor": "command:operator",
        "action": "secret.rotated",
        "object": "sub_1",
        "address": "",
        "detail": {"a": 1},
    }


def test_failure_names_the_token_only_if_it_is_known() -> None:
    """A stranger stays unknown; failures that were only counted are reported."""
    stranger = failed_authentication(
        at=NOW, address="192.0.2.1", reason="unknown", token=None, suppressed=0
    )
    assert (stranger.actor.name, stranger.object_id) == ("unknown", "")
    assert stranger.detail == {"reason": "unknown"}
    expired = failed_authentication(
        at=NOW, address="192.0.2.1", reason="expired", token=TOKEN, suppressed=3
    )
    assert (expired.actor.name, expired.object_id) == ("token:tok_1 (service)", "tok_1")
    assert expired.detail == {"reason": "expired", "suppressed": 3}
