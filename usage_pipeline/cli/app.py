"""The command line put together, and how its errors end."""

import sys
from typing import NoReturn

import typer
from duckdb import OutOfMemoryException

from usage_pipeline.cli import billing, checks, compute, costs, decide, reconcile, serve, service, show, simulate
from usage_pipeline.cli.demo import command as demo
from usage_pipeline.cli.interrupts import watched_interrupts
from usage_pipeline.cli.output import error_console
from usage_pipeline.errors import QueryError, UsagePipelineError

app = typer.Typer(
    name="usage-pipeline",
    help=(
        "Usage metering for AI platforms: raw logs in, exact daily token, conversation and message series "
        "out.\n\n"
        "Days are UTC, YYYY-MM-DD, and ranges include both ends. Exit codes: 0 done, 1 an error, 2 a wrong "
        "call, 3 done but some landing files could not be used, or a provider's numbers differ."
    ),
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (demo, serve, compute, show, checks, service, costs, reconcile, billing, decide, simulate):
    group.register(app)


def main() -> None:
    """Run the command line; what a user can cause ends with one message, not with a traceback."""
    with watched_interrupts() as interrupted:
        try:
            app()
        except BaseException as error:
            ended_well = isinstance(error, SystemExit) and not error.code
            # An interrupt surfaces as whatever error the interrupted library makes of it; some are swallowed.
            if interrupted() and not ended_well:
                _end("Interrupted. What was committed stands; run again to go on.", 130)
            if isinstance(error, UsagePipelineError):
                _end(str(error), 2 if isinstance(error, QueryError) else 1)
            if isinstance(error, OSError):
                _end(f"{error.strerror or error}: {error.filename or 'a file'}", 1)
            if isinstance(error, OutOfMemoryException):
                _end("DuckDB needs more memory than it may have. Raise USAGE_DUCKDB_MEMORY_LIMIT.", 1)
            raise


def _end(message: str, code: int) -> NoReturn:
    error_console.print("[red]Error:[/red]", end=" ")
    error_console.print(message, markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)
