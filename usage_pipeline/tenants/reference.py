"""Reads `tenants.yaml` and `plans.yaml`."""

from pathlib import Path
from typing import Any

from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.tables import ERASED_TENANT
from usage_pipeline.tenants.models import Plan, Tenant, Tenants
from usage_pipeline.yaml_file import parse_entry, read_yaml

TENANTS_FILE = "tenants.yaml"
BUILT_IN_PLAN = "default"
_DEFAULT_KEY = "default"


def load_tenants(settings: Settings) -> Tenants:
    """Read the tenants and plans of the reference directory.

    Without `plans.yaml` all tenants are on one plan with the default retention. Raises ReferenceFileError, naming
    file, entry and field.
    """
    if settings.reference_dir is not None and not settings.reference_dir.is_dir():
        raise ReferenceFileError(f"USAGE_REFERENCE_DIR={settings.reference_dir}: there is no such directory.")
    default_plan, plans = _load_plans(settings)
    file = settings.reference / TENANTS_FILE
    by_id = {
        name: parse_entry(Tenant, entry, f"{file}: {name}", ReferenceFileError)
        for name, entry in _entries(file).items()
    }
    for name, tenant in by_id.items():
        if not name.strip() or name == ERASED_TENANT:
            raise ReferenceFileError(f"{file}: {name!r}: this can be no tenant; give it another id.")
        for period in tenant.plans:
            if period.plan not in plans:
                raise ReferenceFileError(
                    f"{file}: {name}: plans: there is no plan {period.plan!r}; expected one of {sorted(plans)}."
                )
    return Tenants(plans=plans, default_plan=default_plan, by_id=by_id)


def _load_plans(settings: Settings) -> tuple[str, dict[str, Plan]]:
    file = settings.reference / "plans.yaml"
    retention = {"retention_days": settings.default_retention_days}  # a null in the file stays: it means no limit
    entries = _entries(file)
    default_plan = entries.pop(_DEFAULT_KEY, None) if entries else BUILT_IN_PLAN
    plans = {
        name: parse_entry(
            Plan, retention | entry if isinstance(entry, dict) else entry, f"{file}: {name}", ReferenceFileError
        )
        for name, entry in (entries or {BUILT_IN_PLAN: {}}).items()
    }
    if not isinstance(default_plan, str) or default_plan not in plans:
        raise ReferenceFileError(
            f"{file}: {_DEFAULT_KEY}: expected the name of one of the plans {sorted(plans)}, "
            f"found {default_plan!r}."
        )
    return default_plan, plans


def _entries(file: Path) -> dict[str, Any]:
    return read_yaml(file, ReferenceFileError) if file.exists() else {}
