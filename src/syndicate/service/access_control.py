"""Who may enter: tokens, sessions of the portal, and the audit log of both."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from syndicate.errors import Unauthenticated
from syndicate.model.access_token import AccessToken, NewToken, TokenState
from syndicate.model.audit import SERVICE, Actor, AuditAction, AuditEntry, failed_authentication
from syndicate.service.content_service import current_time
from syndicate.settings import Settings
from syndicate.storage.audit_log import AuditLog
from syndicate.storage.database import Database
from syndicate.storage.portal_sessions import PortalSessions
from syndicate.storage.tokens import Tokens

MAX_FAILURES: Final = 100
"""Failed authentications in an hour that get an entry of their own; a stranger must not fill the
disk."""

_FAILURE_WINDOW: Final = timedelta(hours=1)


@dataclass(slots=True)
class FailureLimit:
    """Counts failed authentications, and tells which of them get an audit entry."""

    max_failures: int = MAX_FAILURES
    _began: datetime | None = None
    _failures: int = 0
    _suppressed: int = 0

    def admit(self, now: datetime) -> int | None:
        """Return the number of failures suppressed since the last entry; None to suppress this."""
        if self._began is None or now - self._began >= _FAILURE_WINDOW:
            self._began, self._failures = now, 0
        self._failures += 1
        if self._failures > self.max_failures:
            self._suppressed += 1
            return None
        suppressed, self._suppressed = self._suppressed, 0
        return suppressed


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessControl:
    """Authenticates clients, starts and ends their sessions, and records both.

    Every method may raise `StorageError`.
    """

    tokens: Tokens
    sessions: PortalSessions
    audit_log: AuditLog
    clock: Callable[[], datetime]
    failure_limit: FailureLimit = field(default_factory=FailureLimit)

    async def authenticate(self, text: str, address: str) -> AccessToken:
        """Return the valid token whose text is ``text``, sent from ``address``.

        Raises `Unauthenticated` if it is unknown, expired or revoked.
        """
        token, now = await self.tokens.find(text), self.clock()
        if token is None or not token.is_valid(now):
            error = _invalid_token(token.state(now) if token else None)
            await self.record_failure(error.message, address, token)
            raise error
        await self.tokens.record_use(token, now)
        return token

    async def record_failure(
        self, reason: str, address: str, token: AccessToken | None = None
    ) -> None:
        """Record invalid credentials, unless there were too many of late."""
        now = self.clock()
        suppressed = self.failure_limit.admit(now)
        if suppressed is not None:
            await self.audit_log.add(
                failed_authentication(
                    at=now, address=address, reason=reason, token=token, suppressed=suppressed
                )
            )

    async def log_in(self, text: str, address: str) -> str:
        """Return the id of a new session for the token whose text is ``text``.

        Raises `Unauthenticated`.
        """
        token = await self.authenticate(text, address)
        session_id = await self.sessions.create(token.id, self.clock())
        await self.record(Actor.from_token(token, address), "portal.login", token.id)
        return session_id

    async def session_token(self, session_id: str) -> AccessToken | None:
        """Return the token of a session; None if the session or the token is no longer valid."""
        now = self.clock()
        token_id = await self.sessions.token_of(session_id, now)
        token = None if token_id is None else await self.tokens.get(token_id)
        return token if token is not None and token.is_valid(now) else None

    async def log_out(self, session_id: str, actor: Actor) -> None:
        """End a session."""
        await self.sessions.remove(session_id)
        await self.record(actor, "portal.logout", "")

    async def list_tokens(self) -> Sequence[tuple[AccessToken, TokenState]]:
        """Return all tokens with their states, expired and revoked ones too, the oldest first."""
        now = self.clock()
        return [(token, token.state(now)) for token in await self.tokens.list()]

    async def create_token(self, new: NewToken, actor: Actor) -> tuple[AccessToken, str]:
        """Create a token, and return it with its text; raises `UsageError`."""
        return await self.tokens.create(new, self.clock(), actor)

    async def revoke_token(self, token_id: str, actor: Actor) -> AccessToken:
        """Revoke a token, which ends its sessions; raises `UnknownName`."""
        return await self.tokens.revoke(token_id, self.clock(), actor)

    async def record_settings(self, digest: str) -> None:
        """Record the digest of the settings in force, unless it is the last recorded one."""
        last = await self.audit_log.latest(action="settings.changed", limit=1)
        if [entry.detail for entry in last] != [{"sha256": digest}]:
            await self.record(SERVICE, "settings.changed", "", sha256=digest)

    async def record(
        self, actor: Actor, action: AuditAction, object_id: str, **detail: object
    ) -> None:
        """Add an entry to the audit log."""
        await self.audit_log.add(
            AuditEntry(
                at=self.clock(), actor=actor, action=action, object_id=object_id, detail=detail
            )
        )


def _invalid_token(state: TokenState | None) -> Unauthenticated:
    """Return the error for a token in ``state``; None if there is no such token."""
    hint = "Ask the operator for a new token."
    if state == "expired":
        return Unauthenticated("the token has expired", code="token-expired", hint=hint)
    if state == "revoked":
        return Unauthenticated("the token was revoked", code="token-revoked", hint=hint)
    return Unauthenticated("the token is unknown", code="unauthorized", hint=hint)


def make_access_control(database: Database, clock: Callable[[], datetime]) -> AccessControl:
    """Return the access control of a database."""
    return AccessControl(
        tokens=Tokens(database),
        sessions=PortalSessions(database),
        audit_log=AuditLog(database),
        clock=clock,
    )


@asynccontextmanager
async def open_access_control(settings: Settings) -> AsyncIterator[AccessControl]:
    """Open the database for its tokens and audit log alone; raises `StorageError`."""
    database = await Database.open(settings.database_url)
    try:
        yield make_access_control(database, current_time)
    finally:
        await database.close()
