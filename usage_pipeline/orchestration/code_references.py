"""Links from each asset page to the files that define the asset."""

from collections.abc import Iterable
from pathlib import Path

import dagster as dg

from usage_pipeline.events.record import LANDING_TABLES
from usage_pipeline.insights.kept.tables import INSIGHT_TABLES
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.storage.daily import DailyTable

CodeReference = dg.LocalFileCodeReference | dg.UrlCodeReference

_PACKAGE = Path(__file__).parents[1]
_LEDGER = _PACKAGE / "billing" / "ledger"
_LANDING = _PACKAGE / "events" / "landing"


def with_code_references(
    assets: Iterable[dg.AssetsDefinition], repository: str | None
) -> list[dg.AssetsDefinition]:
    """The assets, each with links to its files: in the repository, or on this machine where none is named."""

    def linked(spec: dg.AssetSpec) -> dg.AssetSpec:
        name = spec.key.to_user_string()
        references = [_reference(path, _line(path, name), repository) for path in _FILES.get(name, ())]
        found = dg.CodeReferencesMetadataValue(code_references=references)
        return spec.merge_attributes(metadata={"dagster/code_references": found})

    return [asset.map_asset_specs(linked) for asset in assets]


def _files(table: DailyTable) -> tuple[Path, ...]:
    """The SELECTs of an event-day table, and the module that declares it."""
    tallies = [table.tallies.path] if table.tallies else []
    return (table.sql.path, *tallies, table.sql.module)


_OF_LANDING = (_LANDING / "validated_lines.sql", _LANDING / "land.py", _PACKAGE / "events" / "record.py")

_KEPT = _PACKAGE / "insights" / "kept"
_OF_INSIGHTS = (_KEPT / "rows.py", _KEPT / "keeping.py", _KEPT / "tables.py")

_FILES = {
    "closed_periods": (_PACKAGE / "billing" / "due_periods.py", _PACKAGE / "billing" / "closing.py"),
    "credit_ledger": (_LEDGER / "posting.py", _LEDGER / "burn_down.py"),
    "limit_status": (_PACKAGE / "limits" / "refresh.py", _PACKAGE / "limits" / "read_status.py"),
    "alerts": (_PACKAGE / "alerts" / "raising.py", _PACKAGE / "alerts" / "episodes.py"),
    "outbox": (_PACKAGE / "delivery" / "outbox.py", _PACKAGE / "delivery" / "tables.py"),
    "tenant_reports": (_PACKAGE / "reports" / "months.py", _PACKAGE / "reports" / "building.py"),
    "report_answers": (_PACKAGE / "reports" / "requests.py", _PACKAGE / "reports" / "writing.py"),
    "report_mails": (_PACKAGE / "reports" / "mailing.py", _PACKAGE / "reports" / "tables.py"),
    "retention_pruning": (_PACKAGE / "retention" / "pruning.py", _PACKAGE / "retention" / "removal.py"),
    "housekeeping": (_PACKAGE / "orchestration" / "clean_up.py", _PACKAGE / "retention" / "housekeeping.py"),
    **dict.fromkeys((table.name for table in INSIGHT_TABLES), _OF_INSIGHTS),
    **{table.name: (_LANDING / f"{table.name}.sql", *_OF_LANDING) for table in LANDING_TABLES},
    **{table.name: _files(table) for table in DAILY_TABLES},
}


def _reference(path: Path, line: int, repository: str | None) -> CodeReference:
    label = f"{path.parent.name}/{path.name}"
    if repository is None:
        return dg.LocalFileCodeReference(file_path=str(path), line_number=line, label=label)
    place = path.relative_to(_PACKAGE.parent).as_posix()
    return dg.UrlCodeReference(url=f"{repository.rstrip('/')}/{place}#L{line}", label=label)


def _line(path: Path, name: str) -> int:
    """The first line that has the asset's name in quotes; the first of all where none has."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, start=1) if f'"{name}"' in line), 1)
