"""`/health`, `/ready` and `/metrics`: what those ask who keep the process running."""

from typing import Annotated, Literal

import anyio
from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from sqlalchemy import text

from usage_pipeline.api.access import PlatformData, storage_of
from usage_pipeline.api.measures import measures_of
from usage_pipeline.errors import WarehouseError
from usage_pipeline.storage.opened import Storage

router = APIRouter(tags=["service"])

_READY_SECONDS = 3


class State(BaseModel):
    """The state of the process."""

    status: Literal["ok"]


@router.get("/health")
async def health() -> State:
    """Say that the process lives. It asks nobody, and needs no key."""
    return State(status="ok")


@router.get("/ready")
async def ready(storage: Annotated[Storage, Depends(storage_of)]) -> State:
    """Say that the database answers soon, so that requests can be answered. It needs no key."""
    try:
        with anyio.fail_after(_READY_SECONDS):
            await anyio.to_thread.run_sync(_ask, storage, abandon_on_cancel=True)
    except TimeoutError:
        raise WarehouseError("It has not answered in time.") from None
    return State(status="ok")


def _ask(storage: Storage) -> None:
    with storage.warehouse.connect() as connection:
        connection.execute(text("SELECT 1"))


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request, _: PlatformData) -> Response:
    """Return the metrics of the process, in the text format of Prometheus. It needs a key of the platform."""
    return Response(measures_of(request).text, media_type=CONTENT_TYPE_LATEST)
