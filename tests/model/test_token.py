"""What becomes of a token."""

from datetime import timedelta

from syndicate.model.token import Token, TokenId
from tests import samples

TOKEN = Token(id=TokenId("tok_1"), role="partner", name="Example agency", made=samples.NOW)
LATER = samples.NOW + timedelta(days=1)


def test_a_token_is_valid_until_it_expires_or_is_revoked() -> None:
    """Whoever lists tokens sees which of them somebody could still show."""
    ends = Token(id=TOKEN.id, role="admin", name="Ops", made=samples.NOW, expires=LATER)
    revoked = Token(
        id=TOKEN.id, role="admin", name="Ops", made=samples.NOW, expires=LATER, revoked=LATER
    )
    assert TOKEN.state(LATER) == "valid"
    assert [ends.state(samples.NOW), ends.state(LATER)] == ["valid", "expired"]
    assert revoked.state(samples.NOW) == "revoked"
    assert [one.holds(LATER) for one in (TOKEN, ends, revoked)] == [True, False, False]
