"""Commands around the pipeline: `dev`, `migrate`, `doctor`."""

from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import DataDir, load_settings, reading_settings
from usage_pipeline.cli.output import console, say

if TYPE_CHECKING:
    from usage_pipeline.settings import Settings


def dev(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the Dagster UI, on 127.0.0.1.")] = 3000,
    api_port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Port of read API and dashboard, on 127.0.0.1.")
    ] = 8000,
    data_dir: DataDir = None,
) -> None:
    """Start the database, the Dagster UI, its daemon, the read API and the dashboard, and stop them together.

    The UI has no login: it listens on 127.0.0.1 only. The dashboard asks for a key, and each start makes one. It
    reads the numbers of all tenants, but no texts of runs, and ends after a day, or with `dev`. Ctrl+C stops all,
    with exit code 0.

    Example: `usage-pipeline dev --port 3001 --api-port 8001`
    """
    from usage_pipeline.orchestration.dev_server import address, dev_key, dev_server, wait

    settings = load_settings(data_dir)
    with dev_server(settings, port, api_port) as processes, dev_key(settings) as key:
        console.print(f"Dagster: {address(port)} (Ctrl+C stops all)", highlight=False)
        console.print(f"Dashboard and read API: {address(api_port)}", highlight=False)
        console.print(f"Key for a day: {key}", highlight=False, soft_wrap=True)
        raise typer.Exit(wait(processes, settings, port))


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
    settings = reading_settings(data_dir)
    (_heartbeat if heartbeat else _check_all)(settings)


def _check_all(settings: "Settings") -> None:
    from usage_pipeline.pipeline.health import check_health
    from usage_pipeline.pipeline.settings_health import Level

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
