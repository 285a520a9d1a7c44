"""The client for programs that do other things while they wait."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, Unpack

import httpx

from usage_pipeline.client import asks
from usage_pipeline.client.answers import Decision, Json, Record, Rows, Series, UsageError
from usage_pipeline.client.asks import Ask, Range, Values
from usage_pipeline.client.sending import RETRIES, TIMEOUT, options, parts_of, seconds_to_wait

Answer = TypeVar("Answer")


class AsyncClient:
    """What `Client` is, to be awaited."""

    def __init__(self, url: str, key: str, *, timeout: float = TIMEOUT, retries: int = RETRIES) -> None:
        """Read from the API at this address with a key of `usage-pipeline keys create`.

        Raises ValueError for what cannot be a key.
        """
        self._http = httpx.AsyncClient(**options(url, key, timeout))
        self._retries = retries

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def me(self) -> Json:
        """Return whose key it is, and what it may read."""
        return await self.get("/me")

    async def series(
        self,
        *,
        interval: str = "day",
        timezone: str = "UTC",
        group_by: str | None = None,
        **asked: Unpack[Range],
    ) -> Series:
        """Return tokens, conversations and messages by hour, day, week or month."""
        return await self._send(asks.series(interval, timezone, group_by, asked))

    async def usage(self, *, period: str | None = None, tenant: str | None = None) -> Json:
        """Return the totals of a billing period, the present one without its month (YYYY-MM)."""
        return await self.get("/usage/fetch", period=period, tenant=tenant)

    async def breakdown(
        self,
        group_by: Values = (),
        metrics: Values = (),
        where: dict[str, Values] | None = None,
        *,
        take: int | None = None,
        **asked: Unpack[Range],
    ) -> Rows:
        """Return usage by groups, such as `model` or `project`: the first thousand rows, or so many."""
        return await self._send(asks.rows("/usage/breakdown", group_by, metrics, where or {}, take, asked))

    async def costs(
        self,
        group_by: Values = (),
        where: dict[str, Values] | None = None,
        *,
        take: int | None = None,
        **asked: Unpack[Range],
    ) -> Rows:
        """Return costs by groups, with the share of what has a price: the first thousand rows, or so many."""
        return await self._send(asks.rows("/costs", group_by, (), where or {}, take, asked))

    async def summary(self, **asked: Unpack[Range]) -> Json:
        """Return the main numbers of the days, and of as many days before."""
        return await self._send(asks.document("/summary", {}, asked))

    async def days(self, **asked: Unpack[Range]) -> Json:
        """Return how far each day can be trusted."""
        return await self._send(asks.document("/days", {}, asked))

    async def credits(self, *, days: int = 0, at: datetime | None = None, tenant: str | None = None) -> Json:
        """Return what is left of each grant at an instant with its zone, and what was used on days before it."""
        return await self.get("/credits", days=days, at=at, tenant=tenant)

    async def limits(self, *, at: datetime | None = None, tenant: str | None = None) -> Json:
        """Return how limits stand at an instant with its zone, now without it."""
        return await self.get("/limits", at=at, tenant=tenant)

    async def forecast(
        self, measures: Values = (), *, as_of: date | None = None, tenant: str | None = None
    ) -> Json:
        """Return what is expected after a day, yesterday without it, of measures such as `cost`."""
        return await self._send(asks.outlook("/forecast", measures, as_of, tenant, {}))

    async def insights(
        self,
        measures: Values = (),
        *,
        dimension: str = "model",
        days: int = 7,
        as_of: date | None = None,
        tenant: str | None = None,
    ) -> Json:
        """Return trends, anomalies of the last days, shares by a dimension, and peaks."""
        asked = {"dimension": dimension, "days": days}
        return await self._send(asks.outlook("/insights", measures, as_of, tenant, asked))

    async def check(self, type_: str, *, tenant: str | None = None, **operation: object) -> Decision:
        """Ask whether an operation may begin: its type, `member_id`, `project`, `model`, `credits`, `tokens`."""
        return await self._send(asks.check(tenant, {"type": type_, **operation}))

    async def records(
        self,
        *,
        order: str = "desc",
        take: int = 100,
        where: dict[str, Values] | None = None,
        **asked: Unpack[Range],
    ) -> AsyncIterator[Record]:
        """Yield usage records, page by page. Filters are those of the API: `where={"botId": "b_1"}`."""
        cursor: str | None = None
        while True:
            page = await self._send(asks.records(where or {}, order, take, cursor, asked))
            for record in page.items:
                yield record
            if page.cursor is None:
                return
            cursor = page.cursor

    async def export(
        self, file: Path, *, order: str = "desc", where: dict[str, Values] | None = None, **asked: Unpack[Range]
    ) -> None:
        """Write records of any number to a file: CSV if its name ends with `.csv`, JSON lines if with `.jsonl`.

        Raises ValueError for another name. An export that breaks off leaves no file.
        """
        request, tries = asks.export(file, where or {}, order, asked), 0
        while True:
            async with self._http.stream(**request) as answer:
                wait = seconds_to_wait(answer, tries, self._retries)
                if answer.is_success:
                    return await _write(file, answer.aiter_bytes())
                if wait is None:
                    await answer.aread()
                    raise UsageError.of(answer)
            await asyncio.sleep(wait)
            tries += 1

    async def get(self, path: str, **params: object) -> Json:
        """Return what a route answers that has no method of its own: `client.get("/runs", status="failed")`."""
        return await self._send(asks.document(path, params, {}))

    async def _send(self, ask: Ask[Answer]) -> Answer:
        tries = 0
        while True:
            response = await self._http.request(**parts_of(ask))
            wait = seconds_to_wait(response, tries, self._retries)
            if wait is None:
                return ask.answer(response)
            await asyncio.sleep(wait)
            tries += 1


async def _write(file: Path, parts: AsyncIterable[bytes]) -> None:
    beside = asks.beside(file)
    try:
        with beside.open("wb") as opened:
            async for part in parts:
                opened.write(part)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
