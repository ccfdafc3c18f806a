"""Reads the body of a request within limits of size and time."""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

_TIMEOUT_SECONDS: Final = 30.0


async def read_body(
    request: Request, on_chunk: Callable[[bytes], object], *, max_bytes: int
) -> None:
    """Pass the body of ``request`` to ``on_chunk``, chunk by chunk.

    Raises `HTTPException` if it is longer than ``max_bytes``, takes too long or is incomplete.
    """
    size = 0
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > max_bytes:
                    raise HTTPException(413, f"the body is longer than {max_bytes:,} bytes")
                on_chunk(chunk)
    except TimeoutError:
        raise HTTPException(
            408,
            f"the body took longer than {_TIMEOUT_SECONDS:g} seconds",
            {"Connection": "close"},
        ) from None
    except ClientDisconnect:
        raise HTTPException(400, "the body is incomplete") from None
