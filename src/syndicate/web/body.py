"""Reading the body of a request, bounded in bytes and in time."""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

_PATIENCE_SECONDS: Final = 30.0


async def read(request: Request, take: Callable[[bytes], object], *, most: int) -> None:
    """Give the body of ``request`` to ``take``, piece by piece.

    Raises `HTTPException` if it is longer than ``most`` bytes, takes too long or breaks off.
    """
    size = 0
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            async for piece in request.stream():
                size += len(piece)
                if size > most:
                    raise HTTPException(413, f"the body is longer than {most:,} bytes")
                take(piece)
    except TimeoutError:
        raise HTTPException(
            408,
            f"the body took longer than {_PATIENCE_SECONDS:g} seconds",
            {"Connection": "close"},
        ) from None
    except ClientDisconnect:
        raise HTTPException(400, "the body broke off") from None
