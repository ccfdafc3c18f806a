"""Health checks and metrics, for operators."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.errors import NotReady
from syndicate.model.delivery import Backlog
from syndicate.telemetry import EXPOSITION_TYPE, exposition
from syndicate.web.context import WebContext
from syndicate.web.http.auth import bearer_token
from syndicate.web.http_policy import NO_STORE
from syndicate.web.services import Readiness

_RETRY_SECONDS: Final = "2"
_OK: Final = {"status": "ok"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Handles /healthz, /readyz and /metrics, which must not be cached."""

    context: WebContext

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/healthz", self.alive),
            Route("/readyz", self.ready),
            Route("/metrics", self.metrics),
        ]

    async def alive(self, _: Request) -> Response:
        """Respond 200 while the process responds at all."""
        return _json({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """Respond 200 with the state of all components; 503 while starting or stopping."""
        readiness = self.context.reader.readiness
        sources = self._source_states()
        if not (readiness.is_ready and sources):
            return _json(
                {"status": "stopping" if readiness.is_stopping else "starting"},
                HTTPStatus.SERVICE_UNAVAILABLE,
                {"Retry-After": _RETRY_SECONDS},
            )
        deliveries = readiness.backlog
        failing = (
            readiness.database_error
            or readiness.is_database_lost
            or any(source != _OK for source in sources.values())
            or (deliveries and deliveries.is_degraded)
            or readiness.restarted_components
        )
        return _json(
            {
                "status": "degraded" if failing else "ok",
                "sources": sources,
                "database": _database_state(readiness),
                "deliveries": None if deliveries is None else _backlog(deliveries),
                "components": readiness.restarted_components,
            }
        )

    async def metrics(self, request: Request) -> Response:
        """Respond with the metrics; requires a bearer token if one is set."""
        token = self.context.policy.metrics_token
        if token and not hmac.compare_digest(bearer_token(request).encode(), token.encode()):
            raise HTTPException(
                HTTPStatus.UNAUTHORIZED,
                "metrics require a bearer token",
                {"WWW-Authenticate": 'Bearer realm="metrics"'},
            )
        return Response(
            exposition(), headers={"Cache-Control": NO_STORE, "Content-Type": EXPOSITION_TYPE}
        )

    def _source_states(self) -> Mapping[str, Mapping[str, str]]:
        try:
            edition = self.context.edition
        except NotReady:
            return {}
        failing = edition.source_errors
        return {source.name: _state(failing.get(source.name, "")) for source in edition.sources}


def _state(error_code: str) -> Mapping[str, str]:
    return {"status": "failing", "detail": error_code} if error_code else _OK


def _database_state(readiness: Readiness) -> Mapping[str, str] | None:
    """Return the state of the database; None if the service has none."""
    if readiness.is_database_lost and not readiness.database_error:
        return _state("database-lost")
    if readiness.database_error is not None:
        return _state("storage-error" if readiness.database_error else "")
    return {"status": "starting"} if readiness.is_database_starting else None


def _backlog(deliveries: Backlog) -> Mapping[str, object]:
    """Return the number of waiting deliveries and how long the oldest is overdue."""
    if deliveries.is_unavailable:
        return _state("storage-error")
    if deliveries.has_wrong_key:
        return _state("wrong-secret-key")
    overdue = datetime.now(UTC) - deliveries.oldest_due if deliveries.oldest_due else timedelta()
    seconds = max(int(overdue.total_seconds()), 0)
    status = {"status": "held"} if deliveries.held_since else _OK
    return {**status, "waiting": deliveries.waiting, "oldest_seconds": seconds}


def _json(values: object, status: int = HTTPStatus.OK, headers: Mapping[str, str] = {}) -> Response:
    return Response(
        msgspec.json.encode(values),
        status,
        {"Cache-Control": NO_STORE, **headers},
        "application/json",
    )
