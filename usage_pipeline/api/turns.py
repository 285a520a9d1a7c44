"""How many requests of a key are answered at once. More wait for their turn, so that no key stalls the others."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from weakref import WeakValueDictionary

from starlette.requests import Request

from usage_pipeline.api.problems import RETRY_SECONDS, ProblemError
from usage_pipeline.api.rate_limits import Kind
from usage_pipeline.settings import Settings

_SHARE = 1 / 3
"""How long a request may wait for its turn, as a part of the time that it has."""


class Turns:
    """The turns of one app."""

    def __init__(self, settings: Settings) -> None:
        """Begin without any request."""
        self._most: Mapping[Kind, int] = {
            Kind.REQUESTS: settings.api_requests_at_once,
            Kind.HEAVY: settings.api_heavy_requests_at_once,
        }
        self._seconds = settings.api_timeout_seconds * _SHARE
        self._of_key: WeakValueDictionary[tuple[Kind, str], asyncio.Semaphore] = WeakValueDictionary()
        """As long as somebody waits or has a turn."""

    @asynccontextmanager
    async def one(self, kind: Kind, key_id: str) -> AsyncIterator[bool]:
        """Wait for a turn, and keep it meanwhile. Yields whether it came at once.

        Raises ProblemError (429) if none comes in time.
        """
        turns = self._of_key.setdefault((kind, key_id), asyncio.Semaphore(self._most[kind]))
        came_at_once = not turns.locked()
        try:
            async with asyncio.timeout(self._seconds):
                await turns.acquire()
        except TimeoutError:
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{self._most[kind]} of these are answered at once for a key, and those before took too long. "
                f"Ask again in {RETRY_SECONDS} seconds, and for less at a time.",
                headers={"Retry-After": str(RETRY_SECONDS)},
            ) from None
        try:
            yield came_at_once
        finally:
            turns.release()


def turns_of(request: Request) -> Turns:
    """Return the turns of the app."""
    turns: Turns = request.app.state.turns
    return turns
