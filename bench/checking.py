"""Whether a subject came to the right numbers: only then does its time mean anything."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyarrow import parquet

from bench.datasets import Dataset, Prepared
from bench.errors import BenchError
from bench.measuring import ROOT
from bench.read_back import Totals
from bench.subjects.catalogue import Job, Kind, Subject
from usage_pipeline.simulation.batch import MEASURES
from usage_pipeline.simulation.costs import COSTS

SERIES = {"tokens_series": "tokens_total", "conversations_series": "conversations", "messages_series": "messages"}
"""What the three series must equal."""

_LEAST_SHARE_OF_ROWS = 0.99
"""A tool may pass over bad lines, which are one in a thousand, or keep them as rows of nulls."""
_SHOWN = 5


def check(subject: Subject, job: Job, prepared: Prepared) -> int:
    """Compare what the run came to with the truth; returns how many rows it wrote or counted.

    Raises BenchError, with the first differences.
    """
    truth = json.loads(prepared.truth.read_text(encoding="utf-8"))
    match subject.kind:
        case Kind.RAW:
            return _check_rows(subject, job, truth)
        case Kind.SCRIPT:
            found = json.loads((job.out / "totals.json").read_text(encoding="utf-8"))
            _compare(subject, found, _of_script(truth, job))
        case Kind.MAIN_JOB:
            found = _read_back(job)
            _compare(subject, found, _of_main_job(truth, job, MEASURES))
        case Kind.COSTED_JOB:
            found = _read_back(job, "costs")
            _compare(subject, found, _of_main_job(truth, job, (*MEASURES, *COSTS)))
        case Kind.LOG_JOB:
            found = _read_back(job)
            _compare(subject, _known(found, truth), truth["days"])
        case Kind.COMMAND | Kind.PAGES | Kind.SERVER:
            return 0  # that it ended without an error says all: `demo` compares its totals, no page may be empty
    return sum(cell.get("records", 0) for tenants in found.values() for cell in tenants.values())


def counted(prepared: Prepared, dataset: Dataset) -> tuple[int, int]:
    """How many records the days that are measured have, and the bytes of their landing files.

    The demo has pruned some of these.
    """
    truth = json.loads(prepared.truth.read_text(encoding="utf-8"))
    files = (prepared.landing / path for path in _landed(prepared, truth))
    return _records(truth, dataset), sum(file.stat().st_size for file in files if file.exists())


def _records(truth: dict[str, Any], dataset: Dataset) -> int:
    if not dataset.beforehand.is_simulated:
        return int(truth["totals"]["records"])
    first = str(dataset.first_day)
    days = (cells for day, cells in truth["days"].items() if day >= first)
    return sum(cell["records"] for cells in days for cell in cells.values())


def _landed(prepared: Prepared, truth: dict[str, Any]) -> list[str]:
    """The paths of the truth's files as they lie there: those of the day are not compressed."""
    names = ((path, path.removesuffix(".zst")) for path in truth["files"])
    return [packed if (prepared.landing / packed).exists() else plain for packed, plain in names]


def _check_rows(subject: Subject, job: Job, truth: dict[str, Any]) -> int:
    rows = sum(int(parquet.read_metadata(path).num_rows) for path in job.out.rglob("*.parquet"))
    lines = sum(file["lines"] - file["blank"] for file in truth["files"].values())
    if not lines * _LEAST_SHARE_OF_ROWS <= rows <= lines:
        raise BenchError(f"{subject.label} wrote {rows:,} rows of {lines:,} lines: it lost more than bad lines.")
    return rows


def _of_script(truth: dict[str, Any], job: Job) -> Totals:
    return _cells(truth, job, MEASURES)


def _cells(truth: dict[str, Any], job: Job, measures: Sequence[str]) -> Totals:
    return {
        day: {tenant: {name: cell[name] for name in measures} for tenant, cell in tenants.items()}
        for day, tenants in truth["days"].items()
        if str(job.first_day) <= day <= str(job.last_day)
    }


def _of_main_job(truth: dict[str, Any], job: Job, measures: Sequence[str]) -> Totals:
    return {
        day: {
            tenant: {**cell, **{name: cell[of] for name, of in SERIES.items()}} for tenant, cell in tenants.items()
        }
        for day, tenants in _cells(truth, job, measures).items()
    }


def _known(found: Totals, truth: dict[str, Any]) -> Totals:
    """Of what was found, the measures that the truth of a real log speaks of."""
    measures = sorted({name for cells in truth["days"].values() for cell in cells.values() for name in cell})
    return {
        day: {tenant: {name: cell.get(name, 0) for name in measures} for tenant, cell in cells.items()}
        for day, cells in found.items()
    }


def _compare(subject: Subject, found: Totals, expected: Totals) -> None:
    names = sorted({name for totals in (found, expected) for name in _names(totals)})
    different = [name for name in names if _value(found, *name) != _value(expected, *name)]
    if different:
        shown = [
            f"  {day} {tenant} {measure}: found {_value(found, day, tenant, measure)}, "
            f"expected {_value(expected, day, tenant, measure)}"
            for day, tenant, measure in different[:_SHOWN]
        ]
        raise BenchError(
            "\n".join(
                [
                    f"{subject.label} came to other numbers than its logs are known to hold:",
                    *shown,
                    f"{len(different)} differ in all. Its time means nothing until they agree.",
                ]
            )
        )


def _names(totals: Totals) -> set[tuple[str, str, str]]:
    return {
        (day, tenant, measure)
        for day, cells in totals.items()
        for tenant, cell in cells.items()
        for measure in cell
    }


def _value(totals: Totals, day: str, tenant: str, measure: str) -> int:
    return totals.get(day, {}).get(tenant, {}).get(measure, 0)


def _read_back(job: Job, *more: str) -> Totals:
    module = [sys.executable, "-m", "bench.read_back"]
    arguments = [str(job.data_dir), str(job.first_day), str(job.last_day), *more]
    result = subprocess.run([*module, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if result.returncode:
        raise BenchError(f"The results in {Path(job.data_dir).name} cannot be read:\n{result.stderr}")
    totals: Totals = json.loads(result.stdout)
    return totals
