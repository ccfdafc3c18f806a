"""Delivering as a part of the service."""

import asyncio
import pathlib

import pytest

from syndicate.service.delivering import Dispatch, keep_delivering
from syndicate.settings import load
from tests.publisher.conftest import SETTINGS


def test_a_database_that_cannot_be_had_is_asked_again(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log says why nothing is delivered; the service goes on."""
    written = tmp_path / "syndicate.toml"
    written.write_text(SETTINGS)
    nowhere = {"SYNDICATE_DATABASE__URL": "postgresql://nobody@127.0.0.1:1/none"}
    settings = load(written, nowhere)
    started: list[Dispatch] = []

    async def do() -> None:
        delivering = asyncio.create_task(keep_delivering(settings, started=started.append))
        said = ""
        while "nothing is delivered" not in said:
            await asyncio.sleep(0.01)
            said += capsys.readouterr().err
        assert not delivering.done()
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)

    asyncio.run(do())
    assert not started
