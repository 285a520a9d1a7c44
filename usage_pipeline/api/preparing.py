"""Sorts the newest days of records for their pages while the server serves, so that no request waits for it.

It takes turns with nobody: the system lets it compute when others do not.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread, get_native_id

import duckdb
from sqlalchemy.exc import SQLAlchemyError

from usage_pipeline.errors import UsagePipelineError
from usage_pipeline.listing.pages import Pages

_SECONDS = 60
"""Between two looks for days that are new or have changed."""
_NICE = 10


@contextmanager
def preparing(pages: Pages) -> Iterator[None]:
    """Keep days prepared meanwhile."""
    over = Event()
    thread = Thread(target=_prepare, args=(pages, over), name="preparing")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _prepare(pages: Pages, over: Event) -> None:
    if sys.platform == "linux":  # where threads have a priority of their own
        os.setpriority(os.PRIO_PROCESS, get_native_id(), _NICE)
    while not over.is_set():
        # The database or an object is away: the next look comes anyway.
        with suppress(SQLAlchemyError, UsagePipelineError, duckdb.Error):
            for _ in pages.prepare():
                if over.is_set():
                    return
        over.wait(_SECONDS)
