"""Assembles the API: its routes, and what every request passes through."""

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.types import Lifespan

from usage_pipeline.api import service, sessions
from usage_pipeline.api.dashboard.pages import add_dashboard
from usage_pipeline.api.description import TAGS, DescribedApp
from usage_pipeline.api.exchanges import templates_of
from usage_pipeline.api.forgetting import forgetting
from usage_pipeline.api.kept_answers import KeptAnswers
from usage_pipeline.api.known_keys import KnownKeys
from usage_pipeline.api.measures import Measures
from usage_pipeline.api.middleware import middleware
from usage_pipeline.api.problems import add_handlers, responses
from usage_pipeline.api.rate_limits import RateLimits
from usage_pipeline.api.routes.all import ROUTERS
from usage_pipeline.api.turns import Turns
from usage_pipeline.listing.pages import Pages
from usage_pipeline.storage.kept_rows import KeptRows
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.warehouse import without_transactions

VERSION = "1"
_PROBLEMS = responses(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)


def create_app(storage: Storage) -> FastAPI:
    """Return the app that serves this storage, which stays open as long as it serves."""
    storage = replace(storage, warehouse=without_transactions(storage.warehouse), kept=KeptRows())
    measures = Measures()
    app = described_app(middleware(storage.settings, measures), forgetting)
    add_dashboard(app, storage.settings)
    app.state.storage = storage
    app.state.pages = Pages(storage)
    app.state.answers = KeptAnswers()
    app.state.measures = measures
    app.state.limits = RateLimits(storage.settings)
    app.state.keys = KnownKeys()
    app.state.turns = Turns(storage.settings)
    app.state.templates = templates_of(app)
    return app


def described_app(passed_through: Sequence[Middleware] = (), lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """Return an app with all routes, which can say what they are, and serves nothing yet."""
    app = DescribedApp(
        title="Usage pipeline",
        version=VERSION,
        summary="Usage, costs, credits and limits of the tenants of an AI platform. Read only.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        openapi_tags=TAGS,
        middleware=passed_through,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
    )
    add_handlers(app)
    app.include_router(service.router, responses=_PROBLEMS)
    app.include_router(_v1())
    return app


def _v1() -> APIRouter:
    routes = APIRouter(prefix="/v1", responses=_PROBLEMS)
    routes.include_router(sessions.router)
    for router in ROUTERS:
        routes.include_router(router)
    return routes
