"""`/v1/me` and `/v1/tenants`: who asks, and about whom it may ask."""

from datetime import date

from fastapi import APIRouter
from pydantic import Field

from usage_pipeline.api.access import Caller, Data, PlatformData
from usage_pipeline.api.answers import AnswerModel
from usage_pipeline.keys.keys import Scope

router = APIRouter(tags=["access"])


class MeAnswer(AnswerModel):
    """The key of the request, and what there is to read with it."""

    name: str = Field(description="What the key is for.")
    tenant: str | None = Field(description="The tenant that is read; null for all.")
    tenant_name: str | None = Field(description="Its name, if `tenants.yaml` has one.")
    scopes: list[Scope] = Field(description="What the key may read.")
    platform_name: str = Field(description="Name of the platform.")
    time_zone: str = Field(description="Time zone of the tenant; UTC for all.")
    today: date = Field(description="The present day, UTC.")
    first_day: date | None = Field(
        description="The first day that has records or a landing folder, of any tenant."
    )
    last_day: date | None = Field(description="The last such day.")


class TenantAnswer(AnswerModel):
    """A tenant."""

    id: str
    name: str | None = Field(description="Its name, if `tenants.yaml` has one.")


class TenantsAnswer(AnswerModel):
    """All tenants, by id."""

    items: list[TenantAnswer]


@router.get("/me")
def me(data: Data, key: Caller) -> MeAnswer:
    """Return who asks, and what there is to read."""
    known = data.known_days() or (None, None)
    return MeAnswer(
        name=key.name,
        tenant=data.tenant_id,
        tenant_name=data.tenant.name,
        scopes=sorted(key.scopes),
        platform_name=data.platform_name,
        time_zone=data.tenant.time_zone,
        today=data.clock.today,
        first_day=known[0],
        last_day=known[1],
    )


@router.get("/tenants")
def tenants(data: PlatformData) -> TenantsAnswer:
    """Return the tenants that have an entry in `tenants.yaml`, or usage. It takes the scope `platform`."""
    return TenantsAnswer(items=[TenantAnswer(id=tenant_id, name=name) for tenant_id, name in data.tenant_names()])
