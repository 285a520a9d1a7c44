"""Clients that ask a server at the same time, each on a connection of its own.

They are threads of one process and do little with an answer: what they take of the processor, the server lacks.
"""

import gzip
import json
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection

from bench.errors import BenchError
from bench.load.mix import Asked, Kind, Mix
from bench.load.server import Server

_TIMEOUT_SECONDS = 60
_HEADERS = {"Accept-Encoding": "gzip", "Content-Type": "application/json"}
_PAGES = frozenset({Kind.FIRST_PAGE, Kind.CONVERSATION, Kind.DEEP_PAGE})
_ANSWERED = {HTTPStatus.OK, HTTPStatus.PAYMENT_REQUIRED}
"""A check of limits finds no credits."""

Times = Mapping[Kind, list[float]]
"""Milliseconds of requests by what they ask for."""


@dataclass
class Client:
    """A client, with the keys of all tenants."""

    server: Server
    keys: Mapping[str, str]
    _connection: HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the connection."""
        self._connection = HTTPConnection(self.server.host, self.server.port, timeout=_TIMEOUT_SECONDS)

    def send(self, asked: Asked) -> tuple[float, bytes]:
        """Send a request; return the milliseconds until the whole answer was there, and the answer, compressed."""
        headers = {"Authorization": f"Bearer {self.keys[asked.tenant_id]}", **_HEADERS}
        started = time.perf_counter()
        self._connection.request("GET" if asked.body is None else "POST", asked.path, asked.body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        took = (time.perf_counter() - started) * 1000
        if answer.status not in _ANSWERED:
            raise BenchError(f"{asked.path} of {asked.tenant_id} was answered with {answer.status}: {content!r}")
        return took, gzip.decompress(content) if answer.headers["Content-Encoding"] == "gzip" else content

    def send_all(self, mix: Mix, number: int, *, pauses: bool) -> Times:
        """Send so many requests of a mix, one after the other, with pauses between them or without."""
        self.close()  # a server closes a connection that was idle for seconds; a new one is opened by itself
        times = defaultdict[Kind, list[float]](list)
        for _ in range(number):
            asked = mix.ask()
            if pauses:
                time.sleep(mix.pause())
            took, content = self.send(asked)
            times[asked.kind].append(took)
            if asked.kind in _PAGES and b'"id"' not in content:
                raise BenchError(f"{asked.path} of {asked.tenant_id} is an empty page.")
            if asked.kind is Kind.DEEP_PAGE:
                mix.turned(cursor_of(content))
        return times

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def cursor_of(page: bytes) -> str | None:
    """Return the cursor of the next page. It is the end of the page, whose items need not be read."""
    cursor: str | None = json.loads(b"{" + page[page.rindex(b'"cursor":') :])["cursor"]
    return cursor
