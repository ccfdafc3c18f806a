"""Run a command of Syndicate with the port and the services that Cloud Foundry provides.

Usage: ``python deploy/cloud.gov/start.py serve``. The URL of a bound PostgreSQL database becomes
``SYNDICATE_DATABASE__URL``; `secret_key` and `metrics_token` are read from a user-provided service.
Environment variables that are already set take precedence.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Final

SECRETS: Final = ("secret_key", "metrics_token")
POSTGRESQL: Final = ("postgres://", "postgresql://")


def credentials(services: str) -> Iterator[Mapping[str, object]]:
    """Yield the credentials of every service in ``services``, the JSON text of VCAP_SERVICES."""
    for instances in json.loads(services).values():
        for instance in instances:
            yield instance["credentials"]


def settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return Syndicate's environment variables for the variables of Cloud Foundry."""
    found = {"SYNDICATE_SERVICE__HOST": "0.0.0.0"}  # noqa: S104 — the platform routes to it
    if "PORT" in environ:
        found["SYNDICATE_SERVICE__PORT"] = environ["PORT"]
    for values in credentials(environ.get("VCAP_SERVICES", "{}")):
        url = str(values.get("uri", ""))
        if url.startswith(POSTGRESQL):
            found["SYNDICATE_DATABASE__URL"] = url
        for name in SECRETS:
            if name in values:
                found[f"SYNDICATE_SERVICE__{name.upper()}"] = str(values[name])
    return found


if __name__ == "__main__":
    command = [sys.executable, "-m", "syndicate", *sys.argv[1:]]
    os.execve(sys.executable, command, settings(os.environ) | os.environ)  # noqa: S606
