"""How many requests of a key are answered at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi.testclient import TestClient
from httpx import ASGITransport, AsyncClient

from usage_pipeline.api.app import create_app
from usage_pipeline.api.rate_limits import Kind
from usage_pipeline.api.turns import Turns
from usage_pipeline.storage.opened import Storage


def test_a_key_that_asks_for_much_at_once_waits_and_nothing_else_does(
    served: Storage, acme: TestClient, initech: TestClient
) -> None:
    one = {"api_heavy_requests_at_once": 1, "api_timeout_seconds": 6}
    app = create_app(replace(served, settings=served.settings.model_copy(update=one)))
    key_id = acme.headers["Authorization"].split("_")[1]

    async def ask(client: TestClient, path: str) -> int:
        headers = {"Authorization": client.headers["Authorization"]}
        async with AsyncClient(transport=ASGITransport(app), base_url="http://api", headers=headers) as asking:
            return (await asking.get(path)).status_code

    class Told(Turns):
        """Tells that somebody asks for a turn."""

        asked: asyncio.Event

        @asynccontextmanager
        async def one(self, kind: Kind, key_id: str) -> AsyncIterator[bool]:
            self.asked.set()
            async with super().one(kind, key_id) as came_at_once:
                yield came_at_once

    async def statuses() -> tuple[int, ...]:
        app.state.turns = turns = Told(app.state.storage.settings)
        turns.asked = asyncio.Event()
        async with turns.one(Kind.HEAVY, key_id):
            refused = await ask(acme, "/v1/usage/hours")
            others = await ask(acme, "/v1/days"), await ask(initech, "/v1/usage/hours")
            turns.asked.clear()
            waiting = asyncio.create_task(ask(acme, "/v1/usage/list?format=csv"))
            await turns.asked.wait()
            assert not waiting.done()
        return refused, *others, await waiting

    assert asyncio.run(statuses()) == (429, 200, 200, 200)
