"""Who asks: recognises the key or the session of a request, and gives the route the data that may be read.

Dependencies here depend on few others: FastAPI goes through all that are below one each time that one is named,
also where it has its result already.
"""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Query, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from usage_pipeline.api.cookies import SECURE_NAME, session_of
from usage_pipeline.api.known_keys import known_keys_of
from usage_pipeline.api.known_parameters import expect_known_parameters
from usage_pipeline.api.middleware.answer_headers import STATE
from usage_pipeline.api.problems import ProblemError
from usage_pipeline.api.rate_limits import kind_of, take_of_key
from usage_pipeline.api.tenant_data import TenantData
from usage_pipeline.api.turns import turns_of
from usage_pipeline.clock import Clock
from usage_pipeline.keys.keys import Key, Scope
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.opened import Storage

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    description="A key of `usage-pipeline keys create`, as `Authorization: Bearer up_…`.",
)

_cookie = APIKeyCookie(
    name=SECURE_NAME,
    auto_error=False,
    scheme_name="session",
    description="The cookie of `POST /v1/session`. Requests other than GET show the session's token, too.",
)


async def storage_of(request: Request) -> Storage:
    """Return the storage that the app serves from."""
    return _storage(request)


def _storage(request: Request) -> Storage:
    storage: Storage = request.app.state.storage
    return storage


def clock_of(request: Request) -> Clock:
    """Return the clock of the app."""
    return _storage(request).settings.clock


async def caller(
    request: Request,
    shown: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    _: Annotated[str | None, Security(_cookie)],
) -> AsyncIterator[Key]:
    """Return the key of the request when it is its turn, which it has until the answer was sent.

    Raises ProblemError: 401 without a valid key, 403 for what a page of another site sent, 429 for too many
    requests, or if its turn does not come in time, 422 for parameters that the route does not know.
    """
    # Who asks and what is answered are as of one reading of the state.
    request.state.at_once = _storage(request).at_once()
    key = await run_in_threadpool(_key_of, request, request.state.at_once, shown)
    request.state.key_id = key.key_id
    setattr(request.state, STATE, take_of_key(request, key.key_id))
    expect_known_parameters(request)
    async with turns_of(request).one(kind_of(request), key.key_id) as came_at_once:
        if not came_at_once:  # what was read of the database may be of seconds ago
            request.state.at_once = _storage(request).at_once()
        yield key


def _key_of(request: Request, storage: Storage, shown: HTTPAuthorizationCredentials | None) -> Key:
    if shown is None:
        session = session_of(request, storage)
        key = session.key if session else None
    else:
        key = known_keys_of(request).recognise(storage, shown.credentials)
    if key is None:
        raise invalid_key()
    return key


def invalid_key() -> ProblemError:
    """Return the problem of a request without a valid key."""
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "This needs a valid key: `Authorization: Bearer up_…`. `usage-pipeline keys create` makes one.",
        headers={"WWW-Authenticate": "Bearer"},
    )


Caller = Annotated[Key, Depends(caller)]
AskedTenant = Annotated[
    str | None,
    Query(
        alias="tenant",
        min_length=1,
        description="The tenant. A key of a tenant reads that one; with the scope `platform`, without it, all.",
    ),
]


async def tenant_data(
    request: Request,
    key: Caller,
    tenant: AskedTenant = None,
) -> TenantData:
    """Return the data that the caller asks for.

    Raises ProblemError: 403 if it may not read it, 404 for a tenant that nobody knows.
    """
    if key.tenant_id is not None and tenant not in {None, key.tenant_id}:
        raise ProblemError(HTTPStatus.FORBIDDEN, f"This key reads no other tenant than {key.tenant_id}.")
    data = TenantData(
        _storage(request),
        request.state.at_once,
        request.app.state.pages,
        request.app.state.answers,
        fingerprint([request.scope["path"], request.scope["query_string"]]),
        key.tenant_id or tenant,
        Scope.CONTENT in key.scopes,
    )
    if key.tenant_id is None and tenant is not None:
        await run_in_threadpool(data.expect_known)
    return data


Data = Annotated[TenantData, Depends(tenant_data)]


async def platform_data(data: Data, key: Caller) -> TenantData:
    """Return the data of all tenants. Raises ProblemError (403) without the scope `platform`."""
    if Scope.PLATFORM not in key.scopes:
        raise ProblemError(HTTPStatus.FORBIDDEN, "This needs a key with the scope `platform`.")
    return data


PlatformData = Annotated[TenantData, Depends(platform_data)]
