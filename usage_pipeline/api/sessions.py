"""`/v1/session`: the session of a browser, in exchange for a key."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from usage_pipeline.api.access import Caller, invalid_key, storage_of
from usage_pipeline.api.cookies import CSRF_HEADER, delete_cookie, refuse_other_sites, session_of, set_cookie
from usage_pipeline.api.known_parameters import expect_known_parameters
from usage_pipeline.api.problems import ProblemError, responses
from usage_pipeline.api.rate_limits import take_of_address
from usage_pipeline.keys.keys import recognise
from usage_pipeline.keys.sessions import Session, end_session, open_session
from usage_pipeline.storage.opened import Storage

router = APIRouter(prefix="/session", tags=["session"])

Store = Annotated[Storage, Depends(storage_of)]


class Login(BaseModel):
    """What a session is opened with."""

    model_config = ConfigDict(extra="forbid")

    key: SecretStr = Field(description="A key of `usage-pipeline keys create`.")


class SessionAnswer(BaseModel):
    """An open session."""

    model_config = ConfigDict(from_attributes=True)

    csrf_token: str = Field(
        description=f"What requests other than GET show besides the cookie, in the header `{CSRF_HEADER}`."
    )
    expires_at: datetime = Field(description="When it ends; earlier if its key is revoked.")


@router.post("", status_code=HTTPStatus.CREATED)
def log_in(request: Request, response: Response, storage: Store, login: Login) -> SessionAnswer:
    """Open a session. The answer sets a cookie that scripts cannot read."""
    refuse_other_sites(request)
    take_of_address(request)
    expect_known_parameters(request)
    session = _opened(storage, login.key.get_secret_value())
    set_cookie(request, response, session, storage.settings.clock.now)
    return SessionAnswer.model_validate(session)


def _opened(storage: Storage, shown: str) -> Session:
    now, hours = storage.settings.clock.now, storage.settings.api_session_hours
    with storage.warehouse.begin() as connection:
        key = recognise(connection, shown, now)
        if key is None:
            raise invalid_key()
        return open_session(connection, key, now, timedelta(hours=hours))


@router.get("", responses=responses(HTTPStatus.NOT_FOUND))
def session(request: Request, storage: Store, _: Caller) -> SessionAnswer:
    """Return the session, and the token that belongs to it."""
    found = session_of(request, storage)
    if found is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "This request shows a key, and has no session.")
    return SessionAnswer.model_validate(found)


@router.delete("", status_code=HTTPStatus.NO_CONTENT)
def log_out(request: Request, response: Response, storage: Store, _: Caller) -> None:
    """End the session."""
    found = session_of(request, storage)
    if found is not None:
        with storage.warehouse.begin() as connection:
            end_session(connection, found.secret)
    delete_cookie(request, response)
