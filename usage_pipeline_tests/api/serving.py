"""A server in a thread, for what connects over the network."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

import uvicorn
from fastapi import FastAPI

from usage_pipeline.api.listening import address_of, listen


@dataclass(frozen=True)
class Served:
    """Where the API is served, and a key of the tenant acme."""

    address: str
    key: str


@contextmanager
def served_at(app: FastAPI, http: Any = "auto") -> Iterator[str]:
    """The address at which a thread serves this app, on loopback."""
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", http=http))
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield address_of(listener)  # connections wait until it has started
        finally:
            server.should_exit = True
            thread.join()
