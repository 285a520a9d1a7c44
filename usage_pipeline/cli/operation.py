"""Commands around the pipeline: `dev`, `migrate`, `doctor`."""

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import DataDir, load_settings
from usage_pipeline.cli.output import console, say

if TYPE_CHECKING:
    from usage_pipeline.settings import Settings


def dev(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the UI, on 127.0.0.1.")] = 3000,
    data_dir: DataDir = None,
) -> None:
    """Start the database, the Dagster UI and its daemon, and stop them together.

    The UI has no login: it listens on 127.0.0.1 only.

    Example: `usage-pipeline dev --port 3001`
    """
    from usage_pipeline.orchestration.instance import project_dir
    from usage_pipeline.storage.warehouse import migrate as migrate_warehouse

    settings = load_settings(data_dir)
    migrate_warehouse(settings)
    home = project_dir()
    environment = {**os.environ, "DAGSTER_HOME": str(home), "USAGE_DATA_DIR": str(settings.data_dir)}
    (settings.data_dir / "dagster").mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    console.print(f"Dagster: http://127.0.0.1:{port} (Ctrl+C stops it)", highlight=False)
    # In the background of a script interrupts are ignored, and then Dagster would ignore SIGTERM too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, cwd=home, env=environment)  # noqa: S603 - our own command
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: process.terminate())
    raise typer.Exit(max(process.wait(), 0))


def migrate(data_dir: DataDir = None) -> None:
    """Create missing databases, and migrate the warehouse to this version.

    Example: `USAGE_DATABASE_URL=postgresql://usage@db/usage usage-pipeline migrate`
    """
    from usage_pipeline.storage.postgres import database_urls
    from usage_pipeline.storage.warehouse import migrate as migrate_warehouse

    settings = load_settings(data_dir)
    migrate_warehouse(settings)
    url = database_urls(settings).warehouse.render_as_string(hide_password=True)
    console.print(f"The warehouse is up to date: {url}", highlight=False)


def doctor(
    heartbeat: Annotated[  # noqa: FBT002 - a flag of the command line
        bool,
        typer.Option("--heartbeat", help="Only check the daemon and the newest day, in one line."),
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Check settings, database, formats, reference files, landing folder and days. Exit code 1 on an error.

    With --heartbeat, for a monitor: exit code 1 if the Dagster daemon is dead or the newest due day is overdue.

    Example: `usage-pipeline doctor`
    """
    settings = load_settings(data_dir)
    (_heartbeat if heartbeat else _check_all)(settings)


def _check_all(settings: "Settings") -> None:
    from usage_pipeline.pipeline.health import Level, check_health

    colours = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "red"}
    checks = check_health(settings)
    for check in checks:
        colour = colours[check.level]
        console.print(f"[{colour}]{check.level:8}[/{colour}]", end=" ")
        say(check.text)
    if any(check.level is Level.ERROR for check in checks):
        raise typer.Exit(1)


def _heartbeat(settings: "Settings") -> None:
    from usage_pipeline.orchestration.instance import why_dead
    from usage_pipeline.pipeline.health import why_overdue
    from usage_pipeline.storage.opened import open_storage

    with open_storage(settings) as storage:
        overdue = why_overdue(storage)
    problems = [problem for problem in (why_dead(), overdue) if problem]
    day = settings.clock.last_due_day
    say("; ".join(problems) or f"The daemon lives, and no day up to {day} is overdue")
    if problems:
        raise typer.Exit(1)
