"""What was measured of the read API under load."""

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Answered:
    """The requests of one kind."""

    kind: str
    requests: int
    p50_ms: float
    """Half of the answers were there after this time at most."""
    p99_ms: float
    """And 99 of 100 after this."""


@dataclass(frozen=True)
class Served:
    """All requests of one run."""

    requests_per_second: float
    server_ms: float
    """What a request took of the processor in the server, on average."""
    database_ms: float
    """And in the database."""
    client_ms: float
    """And in the client, which runs on the same machine."""
    answered: tuple[Answered, ...]

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Self:
        """The same from its JSON form."""
        return cls(**entry | {"answered": tuple(Answered(**found) for found in entry["answered"])})
