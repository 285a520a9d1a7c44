"""Assembles the API: its routes, and what every request passes through."""

from http import HTTPStatus

from fastapi import APIRouter, FastAPI

from usage_pipeline.api.problems import add_handlers, responses, unexpected
from usage_pipeline.api.routes.all import ROUTERS
from usage_pipeline.storage.opened import Storage

VERSION = "1"
_PROBLEMS = responses(
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def create_app(storage: Storage) -> FastAPI:
    """Return the app that serves this storage, which stays open as long as it serves."""
    app = FastAPI(
        title="Usage pipeline",
        version=VERSION,
        summary="Usage, costs, credits and limits of the tenants of an AI platform. Read only.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    app.state.storage = storage
    add_handlers(app)
    app.add_exception_handler(Exception, unexpected)
    app.include_router(_v1())
    return app


def _v1() -> APIRouter:
    routes = APIRouter(prefix="/v1", responses=_PROBLEMS)
    for router in ROUTERS:
        routes.include_router(router)
    return routes
