"""Operator alerts are sent in the background."""

import asyncio
import json
from dataclasses import replace

import pytest

from syndicate.channels.operator_alerts import OperatorAlerts
from syndicate.channels.transport import Transport
from syndicate.model.subscription import Subscription, SubscriptionId
from tests import samples
from tests.channels.receiver import never_respond, respond, run_receiver

pytestmark = pytest.mark.anyio

FAILING = Subscription(
    id=SubscriptionId("sub_1"), owner="partner", url="https://partner.example/secret"
)
SOON = (0.0, 0.01)


async def test_alert_names_subscription_and_reason(transport: Transport) -> None:
    """And has no secret or URL."""
    ended = replace(FAILING, state="disabled", state_reason="it is gone")
    async with (
        run_receiver(respond(204)) as receiver,
        OperatorAlerts(transport, receiver.url("/n"), clock=lambda: samples.NOW) as notices,
    ):
        notices.send("subscription.disabled", ended)
        while not receiver.requests:  # noqa: ASYNC110 — nobody tells a test
            await asyncio.sleep(0.01)
    (received,) = receiver.requests
    assert (received.method, received.target) == ("POST", "/n")
    assert received.headers["content-type"] == "application/json"
    assert json.loads(received.body) == {
        "type": "subscription.disabled",
        "timestamp": samples.NOW.isoformat(timespec="milliseconds"),
        "data": {
            "subscription": "sub_1",
            "owner": "partner",
            "state": "disabled",
            "reason": "it is gone",
        },
    }


async def test_alert_is_retried_and_then_logged(
    transport: Transport, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the last attempt only the log has it."""
    async with (
        run_receiver(respond(500)) as receiver,
        OperatorAlerts(
            transport, receiver.url(), clock=lambda: samples.NOW, pauses_seconds=SOON
        ) as notices,
    ):
        notices.send("subscription.failing", FAILING)
        logged = ""
        while "operator alert not sent" not in logged:
            await asyncio.sleep(0.01)
            logged += capsys.readouterr().err
    assert len(receiver.requests) == len(SOON)


async def test_unresponsive_alert_url_delays_nothing(transport: Transport) -> None:
    """Not even a stop of the service."""
    async with run_receiver(never_respond) as receiver:
        async with OperatorAlerts(transport, receiver.url(), clock=lambda: samples.NOW) as notices:
            notices.send("subscription.failing", FAILING)
            while not receiver.requests:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert len(receiver.requests) == 1


async def test_no_alerts_without_a_url(transport: Transport) -> None:
    """Nothing is sent."""
    async with OperatorAlerts(transport, "", clock=lambda: samples.NOW) as notices:
        notices.send("subscription.failing", FAILING)
        assert not notices._in_flight  # noqa: SLF001 — there is nothing to be seen from outside
