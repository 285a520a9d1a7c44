"""What the API answers. Money and credits are texts with all their digits: `Decimal(row["amount"])`."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypedDict

import httpx

Json = dict[str, Any]


class Record(TypedDict):
    """A usage record. Times are in ms since 1970; an id that it does not have is None."""

    id: str
    type: str
    count: int
    createdAt: int
    updatedAt: int | None
    conversationId: str | None
    messageId: str | None
    taskId: str | None
    contactId: str | None
    blueprintId: str | None
    botId: str | None
    datasetId: str | None
    skillsetId: str | None
    abilityId: str | None
    meta: Json


class Point(TypedDict):
    """The total of an interval. Null is not zero: nothing is known of it."""

    date: int
    total: int | None


class Series(TypedDict):
    """Parallel series, each with a point per interval; with `group_by` they are objects of series by group."""

    tokens: list[Point] | dict[str, list[Point]]
    conversations: list[Point] | dict[str, list[Point]] | None
    messages: list[Point] | dict[str, list[Point]]
    missing: list[int]
    missing_days: int


class Rows(TypedDict):
    """Rows of groups and metrics. `missing_days` are in no sum, rows that are left out are in the total."""

    items: list[dict[str, int | str | None]]
    total: dict[str, int | str | None]
    left_out: int
    missing_days: int


@dataclass(frozen=True)
class Decision:
    """Whether an operation is allowed; else `status` and `body` are what a gateway answers."""

    status: int
    body: Json
    as_of: datetime

    @property
    def allowed(self) -> bool:
        """Whether it may begin."""
        return self.status == HTTPStatus.OK


class UsageError(Exception):
    """The API refused a request, or could not answer it."""

    def __init__(self, status: int, detail: str, errors: list[Json], request_id: str | None) -> None:
        """Keep what it said."""
        fields = "".join(f"\n  {error['field']}: {error['detail']}" for error in errors)
        super().__init__(f"{status}: {detail}{fields}")
        self.status = status
        self.detail = detail
        self.errors = errors
        self.request_id = request_id

    @classmethod
    def of(cls, response: httpx.Response) -> "UsageError":
        """Return what a response says; of one that is no problem of the API, its status."""
        problem: Json = {}
        if response.headers.get("Content-Type", "").startswith("application/problem+json"):
            problem = response.json()
        detail = problem.get("detail") or response.reason_phrase
        errors = problem.get("errors", [])
        return cls(response.status_code, detail, errors, response.headers.get("X-Request-ID"))
