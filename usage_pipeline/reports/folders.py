"""Where report files are: `reports/<tenant>/<period>`. No id of a tenant leads to another place."""

from pathlib import PurePath
from urllib.parse import quote

from usage_pipeline.reports.scope import ReportScope
from usage_pipeline.storage.digests import fingerprint

REPORTS, REQUESTS = "reports", "report_requests"
"""The folders of reports and of requests for them, below the data directory."""
ALL_TENANTS = "@all"
"""The folder of all tenants together; no tenant's folder has an `@` in its name."""
_LONGEST = 120
_DIGITS = 12


def tenant_folder(tenant_id: str | None) -> PurePath:
    """Return the folder of a tenant below the data directory: its id, percent-encoded where that is needed."""
    return PurePath(REPORTS, ALL_TENANTS if tenant_id is None else _encoded(tenant_id))


def report_folder(scope: ReportScope) -> PurePath:
    """Return the folder of a report below the data directory. Filtered reports have a digest of their filters."""
    parts = [part for name, values in scope.filters for part in (name, len(values), *values)]
    digest = f"_{fingerprint(parts)[:_DIGITS]}" if parts else ""
    return tenant_folder(scope.tenant_id) / f"{scope.period.name}{digest}"


def _encoded(tenant_id: str) -> str:
    name = quote(tenant_id, safe="")
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}~{fingerprint([tenant_id])[:_DIGITS]}"
