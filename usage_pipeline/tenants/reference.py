"""Reads `tenants.yaml` and `plans.yaml`."""

from functools import lru_cache
from pathlib import Path

from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.tables import ERASED_TENANT
from usage_pipeline.tenants.models import Plan, Tenant, Tenants
from usage_pipeline.yaml_file import parse_entry, parse_yaml, text_of

TENANTS_FILE, _PLANS_FILE = "tenants.yaml", "plans.yaml"
BUILT_IN_PLAN = "default"
_DEFAULT_KEY = "default"


def load_tenants(settings: Settings) -> Tenants:
    """Read the tenants and plans of the reference directory.

    Without `plans.yaml` all tenants are on one plan with the default retention. Raises ReferenceFileError, naming
    file, entry and field.
    """
    if settings.reference_dir is not None and not settings.reference_dir.is_dir():
        raise ReferenceFileError(f"USAGE_REFERENCE_DIR={settings.reference_dir}: there is no such directory.")
    folder, retention_days = settings.reference, settings.default_retention_days
    return _parsed(folder, text_of(folder / _PLANS_FILE), text_of(folder / TENANTS_FILE), retention_days)


@lru_cache(maxsize=1)  # as `read_once`, of two files
def _parsed(folder: Path, plans_text: str, tenants_text: str, retention_days: int | None) -> Tenants:
    default_plan, plans = _parse_plans(folder / _PLANS_FILE, plans_text, retention_days)
    file = folder / TENANTS_FILE
    by_id = {
        name: parse_entry(Tenant, entry, f"{file}: {name}", ReferenceFileError)
        for name, entry in parse_yaml(file, tenants_text, ReferenceFileError).items()
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


def _parse_plans(file: Path, text: str, retention_days: int | None) -> tuple[str, dict[str, Plan]]:
    retention = {"retention_days": retention_days}  # a null in the file stays: it means no limit
    entries = parse_yaml(file, text, ReferenceFileError)
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
