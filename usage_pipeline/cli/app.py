"""The command line put together, and how its errors end."""

import gc
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from usage_pipeline.cli.interrupts import watched_interrupts
from usage_pipeline.cli.output import error_console
from usage_pipeline.errors import QueryError, UsagePipelineError

_MODULES = {
    "demo": "simulate",
    **dict.fromkeys(("dev", "migrate", "doctor"), "operation"),
    **dict.fromkeys(("run", "land", "recompute"), "compute"),
    "series": "show",
    "usage": "usage",
    **dict.fromkeys(("days", "files", "rejects"), "show"),
    "checks": "checks",
    **dict.fromkeys(("performance", "quality", "stocks"), "service_quality"),
    **dict.fromkeys(("costs", "prices", "cost-drift"), "costs"),
    "reconcile": "reconcile",
    **dict.fromkeys(("rerate", "cost-diff", "close", "statement"), "billing"),
    **dict.fromkeys(("release", "withdraw", "audit", "explain"), "decisions"),
    "simulate": "simulate",
}
"""The module of each command, in the order in which the help lists them."""


class CommandTable(Mapping[str, Any]):
    """The commands by their names. The module of a command is imported when the command is looked up."""

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - typer's commands are of a private class
        """The command of that name."""
        module = import_module(f"usage_pipeline.cli.{_MODULES[name]}")
        alone = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        alone.command(name)(getattr(module, name.replace("-", "_")))
        return typer.main.get_command(alone)

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(_MODULES)

    def __len__(self) -> int:
        """How many there are."""
        return len(_MODULES)


class Commands(TyperGroup):
    """All commands, none of which is imported before it is needed."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - the constructor's own signature
        """Take the commands from the table."""
        super().__init__(**settings)
        self.commands = CommandTable()  # type: ignore[assignment]  # nobody adds to it

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - typer's context is of a private class
        """Their names, in the order of the table."""
        return list(self.commands)


app = typer.Typer(
    name="usage-pipeline",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def usage_pipeline() -> None:
    """Usage metering for AI platforms: raw logs in, exact daily token, conversation and message series out.

    Days are UTC, YYYY-MM-DD, and ranges include both ends. Exit codes: 0 done, 1 an error, 2 a wrong call, 3
    done but some landing files could not be used, or a provider's numbers differ.
    """


def main() -> None:
    """Run the command line; what a user can cause ends with one message, not with a traceback."""
    # What a command imports lives as long as it does: to look for garbage in it takes a twentieth of a short one.
    gc.set_threshold(100_000)
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
            if _is_out_of_memory(error):
                _end("DuckDB needs more memory than it may have. Raise USAGE_DUCKDB_MEMORY_LIMIT.", 1)
            raise


def _is_out_of_memory(error: BaseException) -> bool:
    duckdb = sys.modules.get("duckdb")  # it raised nothing where nobody imported it
    return duckdb is not None and isinstance(error, duckdb.OutOfMemoryException)


def _end(message: str, code: int) -> NoReturn:
    error_console.print("[red]Error:[/red]", end=" ")
    error_console.print(message, markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)
