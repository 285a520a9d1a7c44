"""A client of the read API, for programs of its users. It needs nothing else of this package.

    from usage_pipeline.client import Client

    with Client("http://127.0.0.1:8000", key) as client:
        points = client.series(tenant="acme")["tokens"]

`AsyncClient` has the same methods, to be awaited.
"""

from usage_pipeline.client.answers import Decision, Point, Record, Rows, Series, UsageError
from usage_pipeline.client.asynchronous import AsyncClient
from usage_pipeline.client.synchronous import Client

__all__ = ["AsyncClient", "Client", "Decision", "Point", "Record", "Rows", "Series", "UsageError"]
