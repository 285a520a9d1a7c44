"""Serves the dashboard: its files, and the library of its charts."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

from usage_pipeline.api.dashboard.library import ChartLibrary
from usage_pipeline.settings import Settings

FILES = Path(__file__).parent / "static"
_AT = "/dashboard"


def add_dashboard(app: FastAPI, settings: Settings) -> None:
    """Serve it below `/dashboard`, to which `/` leads."""
    library = ChartLibrary(settings.data_dir / "tmp" / "dashboard")
    app.get("/", include_in_schema=False)(_to_dashboard)
    app.get(f"{_AT}/billing", include_in_schema=False)(_to_credits)
    app.get(f"{_AT}/vega.js", include_in_schema=False)(library.answer)
    app.mount(_AT, StaticFiles(directory=FILES, html=True), name="dashboard")


def _to_dashboard() -> RedirectResponse:
    return RedirectResponse(f"{_AT.removeprefix('/')}/")


def _to_credits() -> RedirectResponse:
    """Lead to the view of credits from where refusals of `/v1/limits/check` say that billing is."""
    return RedirectResponse("./?view=costs")
