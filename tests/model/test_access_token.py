"""States of an access token."""

from datetime import timedelta

from syndicate.model.access_token import AccessToken, TokenId
from tests import samples

TOKEN = AccessToken(id=TokenId("tok_1"), role="partner", name="Example agency", created=samples.NOW)
LATER = samples.NOW + timedelta(days=1)


def test_token_is_valid_until_it_expires_or_is_revoked() -> None:
    """Lists of tokens show which ones could still be used."""
    ends = AccessToken(id=TOKEN.id, role="admin", name="Ops", created=samples.NOW, expires=LATER)
    revoked = AccessToken(
        id=TOKEN.id, role="admin", name="Ops", created=samples.NOW, expires=LATER, revoked=LATER
    )
    assert TOKEN.state(LATER) == "valid"
    assert [ends.state(samples.NOW), ends.state(LATER)] == ["valid", "expired"]
    assert revoked.state(samples.NOW) == "revoked"
    assert [token.is_valid(LATER) for token in (TOKEN, ends, revoked)] == [True, False, False]
