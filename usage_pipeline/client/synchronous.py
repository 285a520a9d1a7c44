"""The client for programs that wait for each answer."""

import time
from collections.abc import Iterable, Iterator
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


class Client:
    """Reads usage, costs, credits and limits. Every method raises UsageError for what the API refuses.

    A request that comes too early, or while the database is away, is sent again when the API says so.
    """

    def __init__(self, url: str, key: str, *, timeout: float = TIMEOUT, retries: int = RETRIES) -> None:
        """Read from the API at this address with a key of `usage-pipeline keys create`.

        Raises ValueError for what cannot be a key.
        """
        self._http = httpx.Client(**options(url, key, timeout))
        self._retries = retries

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def me(self) -> Json:
        """Return whose key it is, and what it may read."""
        return self.get("/me")

    def series(
        self,
        *,
        interval: str = "day",
        timezone: str = "UTC",
        group_by: str | None = None,
        **asked: Unpack[Range],
    ) -> Series:
        """Return tokens, conversations and messages by hour, day, week or month."""
        return self._send(asks.series(interval, timezone, group_by, asked))

    def usage(self, *, period: str | None = None, tenant: str | None = None) -> Json:
        """Return the totals of a billing period, the present one without its month (YYYY-MM)."""
        return self.get("/usage/fetch", period=period, tenant=tenant)

    def breakdown(
        self,
        group_by: Values = (),
        metrics: Values = (),
        where: dict[str, Values] | None = None,
        *,
        take: int | None = None,
        **asked: Unpack[Range],
    ) -> Rows:
        """Return usage by groups, such as `model` or `project`: the first thousand rows, or so many."""
        return self._send(asks.rows("/usage/breakdown", group_by, metrics, where or {}, take, asked))

    def costs(
        self,
        group_by: Values = (),
        where: dict[str, Values] | None = None,
        *,
        take: int | None = None,
        **asked: Unpack[Range],
    ) -> Rows:
        """Return costs by groups, with the share of what has a price: the first thousand rows, or so many."""
        return self._send(asks.rows("/costs", group_by, (), where or {}, take, asked))

    def summary(self, **asked: Unpack[Range]) -> Json:
        """Return the main numbers of the days, and of as many days before."""
        return self._send(asks.document("/summary", {}, asked))

    def days(self, **asked: Unpack[Range]) -> Json:
        """Return how far each day can be trusted."""
        return self._send(asks.document("/days", {}, asked))

    def credits(self, *, days: int = 0, at: datetime | None = None, tenant: str | None = None) -> Json:
        """Return what is left of each grant at an instant with its zone, and what was used on days before it."""
        return self.get("/credits", days=days, at=at, tenant=tenant)

    def limits(self, *, at: datetime | None = None, tenant: str | None = None) -> Json:
        """Return how limits stand at an instant with its zone, now without it."""
        return self.get("/limits", at=at, tenant=tenant)

    def forecast(self, measures: Values = (), *, as_of: date | None = None, tenant: str | None = None) -> Json:
        """Return what is expected after a day, yesterday without it, of measures such as `cost`."""
        return self._send(asks.outlook("/forecast", measures, as_of, tenant, {}))

    def insights(
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
        return self._send(asks.outlook("/insights", measures, as_of, tenant, asked))

    def check(self, type_: str, *, tenant: str | None = None, **operation: object) -> Decision:
        """Ask whether an operation may begin: its type, `member_id`, `project`, `model`, `credits`, `tokens`."""
        return self._send(asks.check(tenant, {"type": type_, **operation}))

    def records(
        self,
        *,
        order: str = "desc",
        take: int = 100,
        where: dict[str, Values] | None = None,
        **asked: Unpack[Range],
    ) -> Iterator[Record]:
        """Yield usage records, page by page. Filters are those of the API: `where={"botId": "b_1"}`."""
        cursor: str | None = None
        while True:
            page = self._send(asks.records(where or {}, order, take, cursor, asked))
            yield from page.items
            if page.cursor is None:
                return
            cursor = page.cursor

    def export(
        self, file: Path, *, order: str = "desc", where: dict[str, Values] | None = None, **asked: Unpack[Range]
    ) -> None:
        """Write records of any number to a file: CSV if its name ends with `.csv`, JSON lines if with `.jsonl`.

        Raises ValueError for another name. An export that breaks off leaves no file.
        """
        request, tries = asks.export(file, where or {}, order, asked), 0
        while True:
            with self._http.stream(**request) as answer:
                wait = seconds_to_wait(answer, tries, self._retries)
                if answer.is_success:
                    return _write(file, answer.iter_bytes())
                if wait is None:
                    answer.read()
                    raise UsageError.of(answer)
            time.sleep(wait)
            tries += 1

    def get(self, path: str, **params: object) -> Json:
        """Return what a route answers that has no method of its own: `client.get("/runs", status="failed")`."""
        return self._send(asks.document(path, params, {}))

    def _send(self, ask: Ask[Answer]) -> Answer:
        tries = 0
        while True:
            response = self._http.request(**parts_of(ask))
            wait = seconds_to_wait(response, tries, self._retries)
            if wait is None:
                return ask.answer(response)
            time.sleep(wait)
            tries += 1


def _write(file: Path, parts: Iterable[bytes]) -> None:
    beside = asks.beside(file)
    try:
        with beside.open("wb") as opened:
            for part in parts:
                opened.write(part)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
