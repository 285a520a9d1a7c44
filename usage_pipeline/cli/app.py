"""Assembles the command line, and ends its errors with one message."""

import gc
import inspect
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Literal, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from usage_pipeline.cli.closed_pipe import quiet_at_closed_pipe
from usage_pipeline.cli.output import error_console
from usage_pipeline.errors import QueryError, UsagePipelineError

_MODULES = {
    "demo": "simulate",
    **dict.fromkeys(("dev", "migrate", "doctor"), "operation"),
    **dict.fromkeys(("run", "land", "recompute"), "compute"),
    "series": "show",
    "usage": "usage",
    **dict.fromkeys(("days", "files", "rejects", "checks"), "show"),
    **dict.fromkeys(("performance", "quality", "stocks"), "service_quality"),
    **dict.fromkeys(("costs", "prices", "cost-drift"), "costs"),
    "reconcile": "reconcile",
    **dict.fromkeys(("rerate", "cost-diff", "close", "statement"), "billing"),
    **dict.fromkeys(("credits", "grant"), "credits"),
    **dict.fromkeys(("limits", "check"), "limits"),
    **dict.fromkeys(("forecast", "insights"), "insights"),
    "recommendations": "recommendations",
    "alerts": "alerts",
    "report": "report",
    **dict.fromkeys(("serve", "keys"), "api"),
    "export": "export",
    **dict.fromkeys(("release", "withdraw", "audit", "explain"), "decisions"),
    "prune": "retention",
    "erase": "erasure",
    "clean-up": "housekeeping",
    "mapping": "mapping",
    "simulate": "simulate",
}
"""The module of each command, in the order of the help."""

_MARKUP: Literal["markdown"] = "markdown"
_MAX_SIGNALS = 64


class CommandTable(Mapping[str, Any]):
    """The commands by name. The module of a command is imported when the command is looked up."""

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - typer's commands are of a private class
        """Import and return a command."""
        alone = typer.Typer(add_completion=False, rich_markup_mode=_MARKUP)
        alone.command(name)(_function(name))
        return typer.main.get_command(alone)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(_MODULES)

    def __len__(self) -> int:
        """Return the number of commands."""
        return len(_MODULES)


class DescribedCommands(CommandTable):
    """The same without their options, which take longer than all else that the list of commands needs."""

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - typer's commands are of a private class
        """Import a command, and return its name and description."""
        return TyperCommand(name, help=inspect.getdoc(_function(name)), rich_markup_mode=_MARKUP)


def _function(name: str) -> Callable[..., object]:
    module = import_module(f"usage_pipeline.cli.{_MODULES[name]}")
    function: Callable[..., object] | None = getattr(module, name.replace("-", "_"), None)
    if function is None:
        raise UsagePipelineError(
            f"The command {name} has no function {name.replace('-', '_')} in {module.__file__}; give the "
            "function the name of the command, with _ for -."
        )
    return function


class Commands(TyperGroup):
    """A group with the commands of the table."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - the constructor's own signature
        """Use the table as the commands."""
        super().__init__(**settings)
        self.commands = CommandTable()  # type: ignore[assignment]  # nobody adds to it

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - typer's context is of a private class
        """Return the names in the order of the table."""
        return list(self.commands)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - typer's own are of private classes
        """Print the help, with the list of commands."""
        self.commands = DescribedCommands()  # type: ignore[assignment]  # nobody adds to it
        try:
            super().format_help(ctx, formatter)
        finally:
            self.commands = CommandTable()  # type: ignore[assignment]  # nobody adds to it


app = typer.Typer(
    name="usage-pipeline",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=_MARKUP,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def usage_pipeline() -> None:
    """Usage metering for AI platforms: raw logs in, exact daily token, conversation and message series out.

    Days are UTC, YYYY-MM-DD, and ranges include both ends. Exit codes: 0 done, 1 an error, 2 a wrong call, 3
    done but some landing files could not be used, a provider's numbers differ, or `check` refuses. 141 is a reader
    of the output that had enough, as in `usage-pipeline usage | head -1`.
    """


def main() -> None:
    """Run the command line. Errors that a user can cause end with one message instead of a traceback."""
    # Imported modules live until the end, and searching them for garbage takes a twentieth of a short command.
    gc.set_threshold(300_000)
    with watched_interrupts() as interrupted:
        try:
            with quiet_at_closed_pipe():
                app()
        except BaseException as error:
            ended_well = isinstance(error, SystemExit) and not error.code
            # Libraries turn an interrupt into other errors, or swallow it.
            if interrupted() and not ended_well:
                _end("Interrupted. What was committed stands; run again to go on.", 130)
            if isinstance(error, UsagePipelineError):
                _end(str(error), 2 if isinstance(error, QueryError) else 1)
            if isinstance(error, OSError):
                _end(f"{error.strerror or error}: {error.filename or 'a file'}", 1)
            if damage := _damage(error):
                _end(
                    f"{damage}. If the file is damaged, restore it, or let `recompute` or `land` write it again.",
                    1,
                )
            if _is_out_of_memory(error):
                _end("DuckDB needs more memory than it may have. Raise USAGE_DUCKDB_MEMORY_LIMIT.", 1)
            raise


@contextmanager
def watched_interrupts() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns True if the process was interrupted, even if Dagster handled the signal.

    It returns False if SIGINT is ignored, or if another handler has replaced Python's for good, as in `dev`.
    """
    here, there = socket.socketpair()
    with here, there:
        for end in (here, there):
            end.settimeout(0)
        signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
        try:
            yield (
                lambda: (
                    signal.getsignal(signal.SIGINT) is signal.default_int_handler
                    and signal.SIGINT in _received(here)
                )
            )
        finally:
            signal.set_wakeup_fd(-1)


def _received(end: socket.socket) -> bytes:
    """Return the numbers of all signals so far, one byte each."""
    try:
        return end.recv(_MAX_SIGNALS)
    except BlockingIOError:
        return b""


def _damage(error: BaseException) -> str | None:
    """Return what DuckDB says of a Parquet file that it cannot read."""
    duckdb = sys.modules.get("duckdb")
    if duckdb is None or not isinstance(error, duckdb.Error) or ".parquet" not in str(error):
        return None
    return str(error).splitlines()[0].rstrip(".")


def _is_out_of_memory(error: BaseException) -> bool:
    duckdb = sys.modules.get("duckdb")  # without the import DuckDB raised nothing
    return duckdb is not None and isinstance(error, duckdb.OutOfMemoryException)


def _end(message: str, code: int) -> NoReturn:
    error_console.print("[red]Error:[/red]", end=" ")
    error_console.print(message, markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)
