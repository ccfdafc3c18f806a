"""The HTTP server for the metrics of `syndicate deliver`."""

import httpx
import pytest

from syndicate.errors import SyndicateError
from syndicate.telemetry import EXPOSITION_TYPE
from syndicate.telemetry.metrics_server import metrics_server

METRIC = "# TYPE syndicate_deliveries_waiting gauge"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_metrics_are_served(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On a free port, without an entry in the log for each request; other paths do not exist."""
    with metrics_server(host, 0) as port:
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        response = httpx.get(f"{url}/metrics", trust_env=False)
        other = httpx.get(f"{url}/", trust_env=False)
    assert (response.status_code, other.status_code) == (200, 404)
    assert response.headers["content-type"] == EXPOSITION_TYPE
    assert METRIC in response.text
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("sent", "status"), [({}, 401), ({"Authorization": "Bearer no"}, 401), (None, 200)]
)
def test_token_is_required_if_there_is_one(sent: dict[str, str] | None, status: int) -> None:
    """As by `serve`."""
    headers = {"Authorization": "Bearer look"} if sent is None else sent
    with metrics_server("127.0.0.1", 0, token="look") as port:
        url = f"http://127.0.0.1:{port}/metrics"
        response = httpx.get(url, headers=headers, trust_env=False)
    assert response.status_code == status
    assert (METRIC in response.text) == (status == 200)
    assert ("www-authenticate" in response.headers) == (status == 401)


def test_port_in_use_is_an_error() -> None:
    """With the option to change."""
    with (
        metrics_server("127.0.0.1", 0) as port,
        pytest.raises(SyndicateError) as refused,
        metrics_server("127.0.0.1", port),
    ):
        pytest.fail("two servers have the same port")
    assert refused.value.code == "cannot-listen"
    assert "--metrics-port" in refused.value.hint
