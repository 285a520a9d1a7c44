"""The manifest of a report: what it is about and made from, and a digest of each of its files."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from usage_pipeline.reports.formats.json_file import exact_value
from usage_pipeline.reports.model import Report
from usage_pipeline.reports.scope import ReportScope

MANIFEST = "manifest.json"
_READ = 1 << 20


def manifest(report: Report, formats: tuple[str, ...], files: Mapping[str, Path]) -> bytes:
    """Return the manifest as JSON. It has no time, so that the same report has the same."""
    found = {
        **_about(report.scope),
        "formats": list(formats),
        "notes": list(report.notes),
        "data_version": report.data_version,
        "versions": _rows(report, "price_versions"),
        "code_version": version("usage-pipeline"),
        "totals": {row["metric"]: row["value"] for row in _rows(report, "totals")},
        "rows": {table.name: len(table.rows) for table in report.tables},
        "files": {name: _described(path) for name, path in sorted(files.items())},
    }
    return (json.dumps(found, ensure_ascii=False, indent=1) + "\n").encode()


def is_of(file: Path, scope: ReportScope) -> bool:
    """Return True if a manifest is there, and is that of a report on the same."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return False
    about = _about(scope)
    return isinstance(found, dict) and {name: found.get(name) for name in about} == about


def _about(scope: ReportScope) -> dict[str, Any]:
    return {
        "tenant_id": scope.tenant_id,
        "first_day": scope.period.first.isoformat(),
        "last_day": scope.period.last.isoformat(),
        "filters": {name: list(values) for name, values in scope.filters},
    }


def _rows(report: Report, name: str) -> list[dict[str, Any]]:
    table = report.table(name)
    if table is None:
        return []
    names = [column.name for column in table.columns]
    return [dict(zip(names, map(exact_value, row), strict=True)) for row in table.rows]


def _described(path: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_READ):
            digest.update(block)
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}
