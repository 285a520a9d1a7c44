"""Makes a dataset: simulates its logs and does beforehand what is not measured.

A process of its own, because it needs much memory, and because the embedded PostgreSQL stops with it:

    python -m bench.preparing WORK NAME EVENTS
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import zstandard

from bench.conversations import going_on
from bench.datasets import DAY, Beforehand, Dataset, Prepared, datasets
from bench.many_tenants import make_listed
from bench.real_log import lay_real_log
from usage_pipeline.pipeline.landing_work import scan
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, land_days_again, refresh
from usage_pipeline.settings import Settings
from usage_pipeline.simulation.simulate import simulate
from usage_pipeline.storage.opened import open_storage


def prepare(dataset: Dataset, target: Path) -> Prepared:
    """Make the dataset in this folder, which must not be there yet."""
    prepared = Prepared(target)
    match dataset.beforehand:
        case Beforehand.NOTHING:
            _write_day(dataset, target)
        case Beforehand.LANDED:
            simulate(dataset.simulation(), target)
            _land(target)
        case Beforehand.COMPUTED:
            _write_day(dataset, target)
            _compute(target)
        case Beforehand.EARLIER_DAYS_COMPUTED:
            simulate(dataset.earlier(), target)
            _compute(target)
            _add_day(dataset, prepared)
        case Beforehand.EMPTY:
            _make_empty(prepared)
        case Beforehand.REAL_LOG:
            lay_real_log(prepared)
        case Beforehand.DEMO:
            _run_demo(target)
        case Beforehand.LISTED:
            make_listed(target, dataset.events // dataset.days)
        case Beforehand.SERVED:
            make_listed(target, dataset.events // dataset.days, all_tables=True)
    return prepared


def _write_day(dataset: Dataset, target: Path) -> None:
    """The logs, all of them plain: otherwise some would measure a tool's decompression and some would not."""
    simulate(dataset.simulation(), target)
    for path in (target / "landing").rglob("*.zst"):
        with path.open("rb") as packed, path.with_suffix("").open("wb") as plain:
            zstandard.ZstdDecompressor().copy_stream(packed, plain)
        path.unlink()


def _land(data_dir: Path) -> None:
    with open_storage(Settings.load(data_dir=data_dir)) as storage:
        land_days_again(PlainRunner(storage), scan(storage).days(), RefreshSummary())


def _compute(data_dir: Path) -> None:
    with open_storage(Settings.load(data_dir=data_dir)) as storage:
        refresh(storage, PlainRunner(storage))


def _add_day(dataset: Dataset, prepared: Prepared) -> None:
    """Put the logs of the day beside those of the days before it, and count what goes on from them."""
    day = Prepared(prepared.folder.with_name("the-day"))
    _write_day(dataset, day.folder)
    truth = json.loads(day.truth.read_text(encoding="utf-8"))
    totals = truth["days"][str(DAY)]
    for tenant, count in going_on(prepared.landing, day.landing).items():
        totals[tenant]["conversations"] -= count
    shutil.copytree(day.landing, prepared.landing, dirs_exist_ok=True)
    prepared.truth.write_text(json.dumps(truth), encoding="utf-8")
    shutil.rmtree(day.folder)


def _make_empty(prepared: Prepared) -> None:
    prepared.folder.mkdir()
    nothing = {"totals": {"records": 0}, "days": {}, "files": {}}
    prepared.truth.write_text(json.dumps(nothing), encoding="utf-8")


def _run_demo(data_dir: Path) -> None:
    """In a process of its own, so that its database has stopped when this is over."""
    command = [sys.executable, "-m", "usage_pipeline.cli", "demo", "--data-dir", str(data_dir)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ours


if __name__ == "__main__":
    work, name, events = sys.argv[1:]
    prepare(datasets(int(events))[name], Path(work) / name)
