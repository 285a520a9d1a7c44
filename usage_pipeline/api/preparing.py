"""Prepares pages of records while the server serves, so that no request waits for it.

Days are copied, with rests as long as the work, which leave most of the processor to requests. The days behind
pages that are turned are read ahead.
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
_AWAY = (SQLAlchemyError, UsagePipelineError, duckdb.Error)
"""The database or an object is away: there is another time to prepare, and the page itself says what is wrong."""


@contextmanager
def preparing(pages: Pages) -> Iterator[None]:
    """Keep pages prepared meanwhile, and drop what was prepared at the end."""
    over = Event()
    threads = [Thread(target=work, args=(pages, over), name=work.__name__) for work in (_copy_days, _read_ahead)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        pages.stop()
        for thread in threads:
            thread.join()
        pages.forget()


def _copy_days(pages: Pages, over: Event) -> None:
    while not over.is_set():
        with suppress(*_AWAY):
            begun = time.monotonic()
            for _ in pages.prepare():
                if over.wait(time.monotonic() - begun):
                    return
                begun = time.monotonic()
        over.wait(_SECONDS)


def _read_ahead(pages: Pages, over: Event) -> None:
    while not over.is_set():
        with suppress(*_AWAY):
            for _ in pages.read_ahead():
                if over.is_set():
                    return
