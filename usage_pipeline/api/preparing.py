"""Copies days of records for their pages while the server serves, so that no request waits for it.

It rests as long as it works, and so leaves most of the processor to requests.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

import duckdb
from sqlalchemy.exc import SQLAlchemyError

from usage_pipeline.errors import UsagePipelineError
from usage_pipeline.listing.pages import Pages

_SECONDS = 10
"""Between two looks for days that are new, have changed or are read often."""


@contextmanager
def preparing(pages: Pages) -> Iterator[None]:
    """Keep days prepared meanwhile, and drop them at the end."""
    over = Event()
    thread = Thread(target=_prepare, args=(pages, over), name="preparing")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        pages.forget()


def _prepare(pages: Pages, over: Event) -> None:
    while not over.is_set():
        # The database or an object is away: the next look comes anyway.
        with suppress(SQLAlchemyError, UsagePipelineError, duckdb.Error):
            begun = time.monotonic()
            for _ in pages.prepare():
                if over.wait(time.monotonic() - begun):
                    return
                begun = time.monotonic()
        over.wait(_SECONDS)
