"""The command line put together, and how its errors end."""

import sys

import typer

from usage_pipeline.cli import compute, serve, show
from usage_pipeline.cli.output import error_console
from usage_pipeline.errors import UsagePipelineError

app = typer.Typer(
    name="usage-pipeline",
    help=(
        "Usage metering for AI platforms: raw logs in, exact daily token, conversation and message series "
        "out.\n\n"
        "Days are UTC, YYYY-MM-DD, and ranges include both ends. Exit codes: 0 done, 1 an error, 2 a wrong "
        "call, 3 done but some landing files could not be used."
    ),
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (serve, compute, show):
    group.register(app)


def main() -> None:
    """Run the command line; an error of ours is one message, not a traceback."""
    try:
        app()
    except UsagePipelineError as error:
        error_console.print(f"[red]Error:[/red] {error}", markup=True, highlight=False, soft_wrap=True)
        sys.exit(1)
