"""Drops what a server keeps in memory of records and sums, once some of them were erased or pruned.

What is kept is read anew where its day is asked for again. Erased days that nobody asks for would stay.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import duckdb
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from usage_pipeline.api.kept_answers import KeptAnswers
from usage_pipeline.errors import UsagePipelineError
from usage_pipeline.listing.pages import Pages
from usage_pipeline.retention.erasure import erasures
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import first_kept_days

SECONDS = 60
"""Between two looks."""

Gone = tuple[frozenset[str], frozenset[object]]
"""The erasures that are done, and how far the records of tenants are pruned."""


@dataclass
class Forgetting:
    """What was gone at the last look."""

    storage: Storage
    pages: Pages
    answers: KeptAnswers
    _gone: Gone | None = field(default=None)

    def look(self) -> bool:
        """Look whether more is gone, and drop all that is kept if so. Return True if it was dropped."""
        gone = self.storage.recall(_read_gone)
        if self._gone in {None, gone}:
            self._gone = gone
            return False
        self.pages.forget()
        self.answers.forget()
        if self.storage.kept:
            self.storage.kept.forget(self.storage.engine)
        self._gone = gone
        return True


def _read_gone(connection: Connection) -> Gone:
    return frozenset(erasures.done(connection)), frozenset(first_kept_days(connection).items())


@asynccontextmanager
async def forgetting(app: FastAPI) -> AsyncIterator[None]:
    """Look every minute as long as the app runs."""
    forget = Forgetting(app.state.storage, app.state.pages, app.state.answers)
    task = asyncio.create_task(_look_regularly(forget))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _look_regularly(forget: Forgetting) -> None:
    while True:
        # The database is away, or DuckDB is: the next look comes anyway.
        with suppress(SQLAlchemyError, UsagePipelineError, duckdb.Error):
            await run_in_threadpool(forget.look)
        await asyncio.sleep(SECONDS)
