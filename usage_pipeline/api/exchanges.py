"""What is told of a request that was answered, in the log and in the metrics.

Nothing that a caller writes is told: paths, parameters and headers may name members, and may hold keys. So what a
log keeps needs no erasure, and labels of metrics have few values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.types import Scope

NO_ROUTE = "(none)"
"""The route of a request that leads nowhere."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER = "(other)"


@dataclass(frozen=True)
class Exchange:
    """A request and its answer."""

    method: str
    route: str
    """The template of its path, such as `/v1/runs/{id}`."""
    status: int
    seconds: float
    sent: int
    """Bytes of the answer, as they were sent."""
    client: str | None
    """The address."""
    key: str | None
    """The id of the key that it showed; None without a valid one."""

    @classmethod
    def of(cls, scope: Scope, status: int, sent: int, seconds: float) -> Self:
        """Return the exchange of a request that has ended."""
        client, state = scope.get("client"), scope.get("state", {})
        return cls(
            method=scope["method"] if scope["method"] in _METHODS else _OTHER,
            route=route_of(scope),
            status=status,
            seconds=round(seconds, 6),
            sent=sent,
            client=client[0] if client else None,
            key=state.get("key_id"),
        )


def templates_of(app: FastAPI) -> Mapping[Callable[..., Any], str]:
    """Return the template of the path of each endpoint, and the path of what is mounted.

    The route that the scope of a request holds has its path without the prefix of its router.
    """
    found = iter_route_contexts(app.routes)
    return {route.endpoint or route.app: route.path for route in found if route.path}


def route_of(scope: Scope) -> str:
    """Return the template of the path of a request whose route was found."""
    templates: Mapping[Callable[..., Any], str] = scope["app"].state.templates
    endpoint = scope.get("endpoint")
    return templates.get(endpoint, NO_ROUTE) if endpoint else NO_ROUTE
