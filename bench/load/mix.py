"""What clients of the read API ask for, and how often: a dashboard's numbers, lists page by page, and limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from urllib.parse import urlencode


class Kind(StrEnum):
    """What a request asks for, always of one tenant."""

    SERIES = "series of 90 days"
    FIRST_PAGE = "first page of the list"
    CONVERSATION = "page of a conversation"
    DEEP_PAGE = "page from the fortieth on"
    SUMMARY = "summary"
    TOTALS = "totals of the billing period"
    COSTS = "costs by model"
    BREAKDOWN = "usage by type"
    CHECK = "check of limits"


SHARES: Mapping[Kind, int] = {
    Kind.SERIES: 30,
    Kind.FIRST_PAGE: 20,
    Kind.CONVERSATION: 10,
    Kind.DEEP_PAGE: 15,
    Kind.SUMMARY: 5,
    Kind.TOTALS: 5,
    Kind.COSTS: 5,
    Kind.BREAKDOWN: 5,
    Kind.CHECK: 5,
}
"""Of 100 requests."""

PAUSE_SECONDS = 0.1
"""How long a client waits after an answer, on average: it is a page that somebody looks at, not a queue."""

LIST = "/v1/usage/list"
_PATHS = {
    Kind.SERIES: "/v1/usage/series/fetch",
    Kind.FIRST_PAGE: LIST,
    Kind.SUMMARY: "/v1/summary",
    Kind.TOTALS: "/v1/usage/fetch",
    Kind.COSTS: "/v1/costs?groupBy=model",
    Kind.BREAKDOWN: "/v1/usage/breakdown?groupBy=type",
    Kind.CHECK: "/v1/limits/check",
}
_CHECKED = b'{"type": "persona_prompt", "credits": "12"}'


@dataclass(frozen=True)
class Asked:
    """A request."""

    kind: Kind
    path: str
    tenant_id: str
    body: bytes | None = None
    """It is posted with this; without it, the path is got."""


@dataclass(frozen=True)
class Walk:
    """A list in which a client turns pages: where it begins to, deep in the list, and the next page."""

    tenant_id: str
    begin: str
    path: str


class Mix:
    """The requests of one client, always the same ones."""

    def __init__(self, number: int, records: Sequence[tuple[str, str]], walks: Sequence[Walk]) -> None:
        """Ask for the tenants and conversations of these records, and turn pages on these walks."""
        self._random = Random(number)  # noqa: S311 - no secret
        self._records = records
        self._walks = list(walks)

    def ask(self) -> Asked:
        """Return the next request."""
        (kind,) = self._random.choices([*SHARES], [*SHARES.values()])
        tenant_id, conversation = self._random.choice(self._records)
        match kind:
            case Kind.DEEP_PAGE:
                walk = self._walks[0]
                return Asked(kind, walk.path, walk.tenant_id)
            case Kind.CONVERSATION:
                return Asked(kind, page_path(conversationId=conversation), tenant_id)
            case _:
                return Asked(kind, _PATHS[kind], tenant_id, _CHECKED if kind is Kind.CHECK else None)

    def pause(self) -> float:
        """Return the seconds until the next request: most are short, few are long, as between people."""
        return self._random.expovariate(1 / PAUSE_SECONDS)

    def turned(self, cursor: str | None) -> None:
        """Go on behind the page that came, at the end of its list from where it began; next in another list."""
        walk = self._walks.pop(0)
        path = page_path(cursor=cursor) if cursor else walk.begin
        self._walks.append(Walk(walk.tenant_id, walk.begin, path))


def page_path(**parameters: str) -> str:
    """Return the path of a page of records."""
    return f"{LIST}?{urlencode(parameters)}"
