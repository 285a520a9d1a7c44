"""Errors as problem details (RFC 9457). Every error of the API is one of these."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import duckdb
import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from starlette.exceptions import HTTPException

from usage_pipeline.api.request_id import request_id
from usage_pipeline.errors import QueryError, StoppedError, UsagePipelineError, WarehouseError

_log = logging.getLogger("usage_pipeline.api")

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5
"""How long a client should wait for a database that is away."""
TOO_SLOW = "This took too long. Ask for fewer days, or for less at a time."

_NO_ROUTE = {
    HTTPStatus.NOT_FOUND: "Nothing is at this address. `/v1/openapi.json` describes all routes of the API.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This route takes other methods. `/v1/openapi.json` describes all routes.",
}
"""What the framework says with the phrase of the status alone."""


class FieldProblem(BaseModel):
    """What is wrong with a part of the request."""

    model_config = ConfigDict(frozen=True)

    field: str = Field(description="Where it stands: `query.from`.")
    detail: str = Field(description="What is wrong with it, and what was expected.")


class Problem(BaseModel):
    """What went wrong, and what to do about it."""

    type: str = Field(description="Kind of the problem.")
    title: str = Field(description="The kind in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What went wrong this time, and what to do.")
    request_id: str = Field(description="Id of the request, as in the header `X-Request-ID` and in the log.")
    errors: list[FieldProblem] = Field(
        default=[], description="The parts of the request that are wrong, where that is known."
    )


class ProblemError(Exception):
    """A problem that a route answers with."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        errors: tuple[FieldProblem, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what is answered."""
        super().__init__(detail)
        self.problem = Problem(
            type="about:blank",
            title=status.phrase,
            status=status,
            detail=detail,
            request_id=request_id.get(),
            errors=list(errors),
        )
        self.headers = dict(headers or {})

    @property
    def response(self) -> JSONResponse:
        """The answer."""
        return JSONResponse(
            self.problem.model_dump(),
            self.problem.status,
            headers=self.headers,
            media_type=MEDIA_TYPE,
        )


def wrong_parameter(name: str, detail: str) -> ProblemError:
    """Return the problem of a parameter that cannot be used as it is."""
    return wrong_parts(FieldProblem(field=f"query.{name}", detail=detail))


def wrong_parts(*wrong: FieldProblem) -> ProblemError:
    """Return the problem of parts of a request."""
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY, "Parts of the request are wrong; see `errors`.", errors=wrong
    )


def responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return the problems of a route, for its description."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {int(status): {"description": status.phrase, "content": content} for status in statuses}


_KNOWN = (ProblemError, HTTPException, RequestValidationError, UsagePipelineError, duckdb.OutOfMemoryException)
_AWAY = (WarehouseError, OperationalError, InterfaceError, NoConnectionError)
"""Errors of a database that cannot be reached, is restarting, or has no connection left."""


def add_handlers(app: FastAPI) -> None:
    """Answer every error that is known with a problem."""
    for known in (*_KNOWN, *_AWAY):
        app.add_exception_handler(known, _answer)


async def _answer(_: Request, error: Exception) -> JSONResponse:
    return _of(error).response


def _of(error: Exception) -> ProblemError:
    match error:
        case ProblemError():
            return error
        case HTTPException():
            status, detail = HTTPStatus(error.status_code), str(error.detail)
            told = _NO_ROUTE.get(status, detail) if detail == status.phrase else detail
            return ProblemError(status, told, headers=error.headers)
        case RequestValidationError():
            # A parameter of two dependencies is reported twice.
            return wrong_parts(*dict.fromkeys(_field_problem(entry) for entry in error.errors()))
        case QueryError():
            return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        case _:
            return _of_server(error)


def _of_server(error: Exception) -> ProblemError:
    match error:
        case StoppedError() | OperationalError(orig=psycopg.errors.QueryCanceled()):
            return ProblemError(HTTPStatus.GATEWAY_TIMEOUT, TOO_SLOW)
        case duckdb.OutOfMemoryException():
            _log.warning("%s", error)
            return ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "The server lacks the memory for this now. Ask again later, or for less at a time.",
                headers={"Retry-After": str(RETRY_SECONDS)},
            )
        case _ if isinstance(error, _AWAY):
            _log.warning("The database cannot be reached: %s", getattr(error, "orig", error))
            return ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"The database cannot be reached. Ask again in {RETRY_SECONDS} seconds.",
                headers={"Retry-After": str(RETRY_SECONDS)},
            )
        case _:
            _log.error("The data or the settings are broken: %s", error)
            return ProblemError(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "The server cannot answer, because its data or its settings are broken. Its log says why.",
            )


def _field_problem(entry: Mapping[str, Any]) -> FieldProblem:
    return FieldProblem(field=".".join(map(str, entry["loc"])), detail=entry["msg"].removeprefix("Value error, "))


def unexpected() -> ProblemError:
    """Return the problem of an error that nobody expected, which does not say what it was."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return ProblemError(status, "The server failed. Its log says why, with the id of this request.")
