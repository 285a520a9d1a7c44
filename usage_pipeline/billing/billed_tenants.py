"""The tenants that can be billed: those of `tenants.yaml`, and those with usage. Nobody else has an account."""

from collections.abc import Collection

from sqlalchemy import Connection

from usage_pipeline.errors import QueryError
from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.settings import Settings
from usage_pipeline.storage.tables import ERASED_TENANT
from usage_pipeline.tenants.reference import TENANTS_FILE, load_tenants
from usage_pipeline.words import did_you_mean


def billed_tenants(settings: Settings, connection: Connection) -> frozenset[str]:
    """Return the ids of all of them."""
    return frozenset({*load_tenants(settings).by_id, *known_tenants(connection)} - {ERASED_TENANT})


def why_not_billed(tenant_id: str, billed: Collection[str]) -> str | None:
    """Return why a tenant has no account, as a part of a sentence; None if it is one of the billed."""
    if tenant_id in billed:
        return None
    if tenant_id == ERASED_TENANT:
        return f"the tenant {tenant_id!r} keeps the sums of erased tenants, and has no account."
    missing = f"there is no tenant {tenant_id!r}: no usage of it has landed, and {TENANTS_FILE} has no entry"
    meant = did_you_mean(tenant_id, billed)
    return f"{missing}; {meant}" if meant else f"{missing}."


def expect_billed(settings: Settings, connection: Connection, tenant_id: str) -> None:
    """Raise QueryError for a tenant that has no account: a typing error could not be taken back."""
    why = why_not_billed(tenant_id, billed_tenants(settings, connection))
    if why is not None:
        raise QueryError(f"{why[0].upper()}{why[1:]}")
