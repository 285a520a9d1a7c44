"""Who asks: recognises the key of a request, and gives the route the data that its holder may read."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from usage_pipeline.api.problems import ProblemError
from usage_pipeline.api.tenant_data import TenantData
from usage_pipeline.keys.keys import Key, Scope, recognise
from usage_pipeline.storage.opened import Storage

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    description="A key of `usage-pipeline keys create`, as `Authorization: Bearer up_…`.",
)


def storage_of(request: Request) -> Storage:
    """Return the storage that the app serves from."""
    storage: Storage = request.app.state.storage
    return storage


def caller(
    storage: Annotated[Storage, Depends(storage_of)],
    shown: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Key:
    """Return the key of the request. Raises ProblemError (401) without a valid one."""
    if shown is not None:
        with storage.warehouse.connect() as connection:
            key = recognise(connection, shown.credentials, storage.settings.clock.now)
        if key is not None:
            return key
    raise ProblemError(
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


def tenant_data(
    storage: Annotated[Storage, Depends(storage_of)], key: Caller, tenant: AskedTenant = None
) -> TenantData:
    """Return the data that the caller asks for. Raises ProblemError (403) if it may not read it."""
    if key.tenant_id is not None and tenant not in {None, key.tenant_id}:
        raise ProblemError(HTTPStatus.FORBIDDEN, f"This key reads no other tenant than {key.tenant_id}.")
    return TenantData(storage, key.tenant_id or tenant, Scope.CONTENT in key.scopes)


Data = Annotated[TenantData, Depends(tenant_data)]


def platform_data(data: Data, key: Caller) -> TenantData:
    """Return the data of all tenants. Raises ProblemError (403) without the scope `platform`."""
    if Scope.PLATFORM not in key.scopes:
        raise ProblemError(HTTPStatus.FORBIDDEN, "This needs a key with the scope `platform`.")
    return data


PlatformData = Annotated[TenantData, Depends(platform_data)]
