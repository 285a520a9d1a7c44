"""The manifest of a report: what it is about and made from, and a digest of each of its files."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from usage_pipeline.reports.formats.json_file import exact_value
from usage_pipeline.reports.model import Report

MANIFEST = "manifest.json"
_READ = 1 << 20


def manifest(report: Report, formats: tuple[str, ...], files: Mapping[str, Path]) -> bytes:
    """Return the manifest as JSON. It has no time, so that the same report has the same."""
    scope = report.scope
    found = {
        "tenant_id": scope.tenant_id,
        "first_day": scope.period.first.isoformat(),
        "last_day": scope.period.last.isoformat(),
        "filters": {name: list(values) for name, values in scope.filters},
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
