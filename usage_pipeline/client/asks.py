"""What is asked of the API: the request of each method, and what its answer is read as."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any, Generic, TypedDict, TypeVar, cast
from urllib.parse import quote
from uuid import uuid4

import httpx

from usage_pipeline.client.answers import Decision, Json, Record, Rows, Series, UsageError

Answer = TypeVar("Answer")
_MEDIA_TYPES = {".csv": "text/csv", ".jsonl": "application/jsonl"}
Values = str | Iterable[str]
"""One value, or several of which any will do."""


class Range(TypedDict, total=False):
    """Whose usage, and of which days: `end` is the day after the last one."""

    tenant: str | None
    start: date | None
    end: date | None


@dataclass(frozen=True)
class Ask(Generic[Answer]):
    """A request, and how its answer is read."""

    path: str
    read: Callable[[httpx.Response], Answer]
    params: Mapping[str, Any] = field(default_factory=dict)
    method: str = "GET"
    json: Json | None = None
    expected: frozenset[int] = frozenset({HTTPStatus.OK.value})
    """The statuses that are answers. Any other raises UsageError."""

    def answer(self, response: httpx.Response) -> Answer:
        """Return what a response means. Raises UsageError."""
        is_problem = response.headers.get("Content-Type", "").startswith("application/problem+json")
        if is_problem or response.status_code not in self.expected:
            raise UsageError.of(response)
        return self.read(response)


@dataclass(frozen=True)
class Page:
    """Some records of a list, and the cursor of the next page; None on the last."""

    items: list[Record]
    cursor: str | None


def series(interval: str, timezone: str, group_by: str | None, asked: Range) -> Ask[Series]:
    """Ask for the three series."""
    params = {"interval": interval, "timezone": timezone, "groupBy": group_by, **_range(asked)}
    return Ask("/usage/series/fetch", _json, _given(params))


def rows(  # noqa: PLR0913, PLR0917 - one for each parameter
    path: str,
    group_by: Values,
    metrics: Values,
    filters: Mapping[str, Values],
    take: int | None,
    asked: Range,
) -> Ask[Rows]:
    """Ask for sums by groups."""
    words = {"groupBy": _words(group_by), "metrics": _words(metrics), "take": take}
    return Ask(path, _json, _given({**words, **_filters(filters), **_range(asked)}))


def document(path: str, params: Mapping[str, Any], asked: Range) -> Ask[Json]:
    """Ask for an object of which nothing more is said here; the API's description has its parts."""
    return Ask(path, _json, _given({**params, **_range(asked)}))


def outlook(
    path: str, measures: Values, as_of: date | None, tenant: str | None, asked: Mapping[str, object]
) -> Ask[Json]:
    """Ask what is expected, or what changed, of measures as of a day."""
    params = {"measures": _words(measures), "asOf": as_of, "tenant": tenant, **asked}
    return Ask(path, _json, _given(params))


def records(filters: Mapping[str, Values], order: str, take: int, cursor: str | None, asked: Range) -> Ask[Page]:
    """Ask for a page of records."""
    params = {**_filters(filters), "order": order, "take": take, "cursor": cursor, **_range(asked)}
    return Ask("/usage/list", _page, _given(params))


def export(file: Path, filters: Mapping[str, Values], order: str, asked: Range) -> Mapping[str, Any]:
    """Return the request of a stream of records, as httpx takes it."""
    return {
        "method": "GET",
        "url": "/usage/list",
        "params": _given({**_filters(filters), "order": order, **_range(asked)}),
        "headers": {"Accept": media_type(file)},
    }


def check(tenant: str | None, operation: Mapping[str, object]) -> Ask[Decision]:
    """Ask whether an operation may begin."""
    body = {name: str(value) if isinstance(value, Decimal) else value for name, value in operation.items()}
    refused = {HTTPStatus.PAYMENT_REQUIRED.value, HTTPStatus.FORBIDDEN.value}
    return Ask(
        "/limits/check",
        _decision,
        _given({"tenant": tenant}),
        method="POST",
        json=_given(body),
        expected=frozenset({HTTPStatus.OK.value, *refused}),
    )


def part(text: str) -> str:
    """Return an id as a part of a path."""
    return quote(text, safe="")


def _json(response: httpx.Response) -> Any:  # noqa: ANN401 - JSON of which the asking function knows the type
    return response.json()


def _page(response: httpx.Response) -> Page:
    found = response.json()
    return Page(cast("list[Record]", found["items"]), found["cursor"])


def _decision(response: httpx.Response) -> Decision:
    return Decision(response.status_code, response.json(), datetime.fromisoformat(response.headers["X-As-Of"]))


def _range(asked: Range) -> Json:
    return {"tenant": asked.get("tenant"), "from": asked.get("start"), "to": asked.get("end")}


def _filters(where: Mapping[str, Values]) -> Json:
    """Return the filters with their values one by one; a comma in them stands between no others."""
    if not isinstance(where, Mapping):
        raise TypeError(
            '`where` is a dict, such as {"model": "x"}. Several groups are one list: ["model", "class"].'
        )
    escaped = str.maketrans({"\\": "\\\\", ",": "\\,"})
    return {name: [value.translate(escaped) for value in _values(of)] for name, of in where.items()}


def _values(values: Values) -> list[str]:
    return [values] if isinstance(values, str) else list(values)


def _words(values: Values) -> str | None:
    return ",".join(_values(values)) if values else None


def _given(params: Mapping[str, Any]) -> Json:
    """Return the parameters that are given, days and times as texts.

    Raises ValueError for an empty list: HTTP has none, and left out it would ask for all instead of nothing.
    """
    given = {name: value for name, value in params.items() if value is not None}
    for name, value in given.items():
        if isinstance(value, Collection) and not isinstance(value, str) and not value:
            raise ValueError(f"`{name}` is empty: name a value, or leave it out to ask for all.")
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in given.items()}


def media_type(file: Path) -> str:
    """Return the media type of an export, by the name of its file. Raises ValueError for one of another form."""
    found = _MEDIA_TYPES.get(file.suffix.lower())
    if found is None:
        raise ValueError(
            f"The form of {file.name} is not known; expected a name with {' or '.join(_MEDIA_TYPES)}."
        )
    return found


def beside(file: Path) -> Path:
    """Return where an export is written before it is whole; each has a place of its own."""
    return file.with_name(f".{file.name}.{uuid4().hex}.part")
