"""Run a command of Syndicate with what Cloud Foundry gives a process: a port and services.

Usage: ``python deploy/cloud.gov/start.py serve``. A bound service with the address of a PostgreSQL
database becomes ``SYNDICATE_DATABASE__URL``; of a user-provided one, `secret_key` and
`metrics_token` are taken. What is set already is left alone.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Final

SECRETS: Final = ("secret_key", "metrics_token")
POSTGRESQL: Final = ("postgres://", "postgresql://")


def credentials(services: str) -> Iterator[Mapping[str, object]]:
    """Yield the credentials of every service in ``services``, the text of VCAP_SERVICES."""
    for instances in json.loads(services).values():
        for instance in instances:
            yield instance["credentials"]


def settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of Syndicate that ``environ`` of Cloud Foundry stands for."""
    found = {"SYNDICATE_SERVICE__HOST": "0.0.0.0"}  # noqa: S104 — the platform routes to it
    if "PORT" in environ:
        found["SYNDICATE_SERVICE__PORT"] = environ["PORT"]
    for given in credentials(environ.get("VCAP_SERVICES", "{}")):
        address = str(given.get("uri", ""))
        if address.startswith(POSTGRESQL):
            found["SYNDICATE_DATABASE__URL"] = address
        for name in SECRETS:
            if name in given:
                found[f"SYNDICATE_SERVICE__{name.upper()}"] = str(given[name])
    return found


if __name__ == "__main__":
    command = [sys.executable, "-m", "syndicate", *sys.argv[1:]]
    os.execve(sys.executable, command, settings(os.environ) | os.environ)  # noqa: S606
