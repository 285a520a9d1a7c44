"""Reads `tenants.yaml` and `plans.yaml`. A broken entry is an error that names file, entry and field."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.settings import Settings
from usage_pipeline.tenants.models import Plan, Tenant, Tenants
from usage_pipeline.yaml_file import read_yaml

BUILT_IN_PLAN = "default"
_DEFAULT_KEY = "default"


def load_tenants(settings: Settings) -> Tenants:
    """The tenants and plans of the reference directory.

    Without `plans.yaml` everyone is on one plan with the default retention. Raises ReferenceFileError.
    """
    if settings.reference_dir is not None and not settings.reference_dir.is_dir():
        raise ReferenceFileError(f"USAGE_REFERENCE_DIR={settings.reference_dir}: there is no such directory.")
    plans_file, tenants_file = settings.reference / "plans.yaml", settings.reference / "tenants.yaml"
    entries = _entries(plans_file)
    default_plan = entries.pop(_DEFAULT_KEY, None) if entries else BUILT_IN_PLAN
    plans = {
        name: _parse(
            Plan, plans_file, name, _with_default(entry, "retention_days", settings.default_retention_days)
        )
        for name, entry in (entries or {BUILT_IN_PLAN: {}}).items()
    }
    if not isinstance(default_plan, str) or default_plan not in plans:
        raise ReferenceFileError(
            f"{plans_file}: {_DEFAULT_KEY}: expected the name of one of the plans {sorted(plans)}, "
            f"found {default_plan!r}."
        )
    by_id = {name: _parse(Tenant, tenants_file, name, entry) for name, entry in _entries(tenants_file).items()}
    for name, tenant in by_id.items():
        for period in tenant.plans:
            if period.plan not in plans:
                raise ReferenceFileError(
                    f"{tenants_file}: {name}: plans: there is no plan {period.plan!r}; "
                    f"expected one of {sorted(plans)}."
                )
    return Tenants(plans=plans, default_plan=default_plan, by_id=by_id)


def _entries(file: Path) -> dict[str, Any]:
    return read_yaml(file, ReferenceFileError) if file.exists() else {}


def _with_default(entry: object, field: str, default: int) -> object:
    """The entry with the field where it has none: an explicit null stays, it means no limit."""
    return {field: default, **entry} if isinstance(entry, dict) else entry


Entry = TypeVar("Entry", bound=BaseModel)


def _parse(model: type[Entry], file: Path, name: str, entry: object) -> Entry:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, found['loc'])) or 'entry'}: {found['msg']}, found {found['input']!r}"
            for found in error.errors()
        )
        raise ReferenceFileError(f"{file}: {name}: {problems}.") from None
