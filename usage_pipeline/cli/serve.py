"""Commands around the pipeline: `demo`, `dev`, `migrate`, `doctor`."""

import os
import shutil
import signal
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from usage_pipeline.cli.compute import open_session, report
from usage_pipeline.cli.options import DataDir, OutputFormat, load_settings
from usage_pipeline.cli.output import console, print_rows
from usage_pipeline.errors import UsagePipelineError
from usage_pipeline.orchestration.instance import project_dir
from usage_pipeline.pipeline import refresh as pipeline
from usage_pipeline.pipeline.health import Level, examine
from usage_pipeline.series.queries import known_tenants, read_series
from usage_pipeline.series.status import DayReader
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.postgres import database_urls
from usage_pipeline.storage.warehouse import migrate as migrate_warehouse

_SAMPLE_LOGS = "sample_logs"
_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "red"}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(demo)
    app.command()(dev)
    app.command()(migrate)
    app.command()(doctor)


def demo(data_dir: DataDir = None) -> None:
    """Land the sample logs of this project, compute their days, and print the series.

    Example: `usage-pipeline demo`, then `usage-pipeline dev` to see them in Dagster
    """
    settings = load_settings(data_dir)
    _place_samples(settings)
    with open_session(settings, "demo") as session:
        summary = pipeline.refresh(session.storage, session.runner)
        report(session.storage, summary)
        _print_series(session.storage)
    console.print(
        f"\nEverything lies in {settings.data_dir}. Next: `make dev` shows these partitions in Dagster, "
        "`usage-pipeline rejects` shows what was rejected, "
        "`usage-pipeline usage --group-by tenant,model` groups.",
        highlight=False,
    )


def dev(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the UI, on 127.0.0.1.")] = 3000,
    data_dir: DataDir = None,
) -> None:
    """Start the database, the Dagster UI and its daemon, and stop them together.

    The UI has no login: it listens on 127.0.0.1 only.

    Example: `usage-pipeline dev --port 3001`
    """
    settings = load_settings(data_dir)
    migrate_warehouse(settings)
    home = project_dir()
    environment = {**os.environ, "DAGSTER_HOME": str(home), "USAGE_DATA_DIR": str(settings.data_dir)}
    (settings.data_dir / "dagster").mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-w",
        "workspace.yaml",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    console.print(f"Dagster: http://127.0.0.1:{port} (Ctrl+C stops it)", highlight=False)
    process = subprocess.Popen(command, cwd=home, env=environment)  # noqa: S603 - our own command
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: process.terminate())
    raise typer.Exit(max(process.wait(), 0))


def migrate(data_dir: DataDir = None) -> None:
    """Create the databases where they are missing, and bring the warehouse to this version.

    Example: `USAGE_DATABASE_URL=postgresql://usage@db/usage usage-pipeline migrate`
    """
    settings = load_settings(data_dir)
    migrate_warehouse(settings)
    url = database_urls(settings).warehouse.render_as_string(hide_password=True)
    console.print(f"The warehouse is up to date: {url}", highlight=False)


def doctor(data_dir: DataDir = None) -> None:
    """Check settings, database, mappings, reference files, landing folder and days. Exit code 1 on an error.

    Example: `usage-pipeline doctor`
    """
    settings = load_settings(data_dir)
    findings = examine(settings)
    for finding in findings:
        colour = _COLOURS[finding.level]
        console.print(f"[{colour}]{finding.level:8}[/{colour}]", end=" ")
        console.print(finding.text, markup=False, highlight=False, soft_wrap=True)
    if any(finding.level is Level.ERROR for finding in findings):
        raise typer.Exit(1)


def _place_samples(settings: Settings) -> None:
    """Copy the sample logs into the landing folder, unless other logs are there."""
    samples = Path(str(resources.files("usage_pipeline") / _SAMPLE_LOGS))
    own = {path.relative_to(samples) for path in samples.rglob("*") if path.is_file()}
    there = {path.relative_to(settings.landing) for path in settings.landing.rglob("*") if path.is_file()}
    foreign = sorted(there - own)
    if foreign:
        raise UsagePipelineError(
            f"{settings.landing} already holds other logs ({foreign[0]}). "
            "Give the demo a place of its own: usage-pipeline demo --data-dir demo-data"
        )
    for path in own - there:
        target = settings.landing / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(samples / path, target)


def _print_series(storage: Storage) -> None:
    with storage.warehouse.connect() as connection:
        tenants = known_tenants(connection)
        known = DayReader(storage, connection).known_days()
    if known is None:
        return
    for tenant in tenants:
        shown = [vars(point) for point in read_series(storage, tenant, *known)]
        columns = ["day", "tokens", "conversations", "messages"]
        print_rows(shown, columns, OutputFormat.TABLE, f"Daily series of {tenant}")
