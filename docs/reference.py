"""Writes the pages that are made from the code, `cli.md` and `settings.md`. `make docs` runs it."""

from pathlib import Path

import typer.main
from typer.cli import get_docs_for_click

from usage_pipeline.cli.app import app
from usage_pipeline.settings import PREFIX, Settings

FOLDER = Path(__file__).parent

CLI = """# Commands

<!-- Made from the code by `make docs`. -->

Days are UTC, `YYYY-MM-DD`. `--from` and `--to` are both included. Commands that print rows take `--format` with
`table`, `json` or `csv`.

| Exit code | Meaning |
|---|---|
| 0 | Done |
| 1 | An error; the message says what to do |
| 2 | A wrong call: an unknown option, dimension, metric or file, or a value of another form |
| 3 | Done, but a file could not be used or no line of it was accepted; of `reconcile`: not all matched |
| 130 | Interrupted; the committed days are kept |

Exit code 3 tells of a file once. `usage-pipeline doctor` lists it until it is resolved.

"""

SETTINGS = """# Settings

<!-- Made from the code by `make docs`. -->

Settings are environment variables. Relative paths start from the current folder.

"""

KEY = """
With the public default of `USAGE_DIGEST_KEY`, anyone can guess short texts from their digests. Set your own key
before the first file lands. A warehouse keeps the key and the look-back of its first landing, and refuses others.
"""

SPECIAL_DEFAULTS = {"duckdb_threads": "number of cores", "digest_key": "public"}
"""Defaults that depend on the machine or that nobody should use."""


def cli_page() -> str:
    """All commands with their help, in the order of the table of commands."""
    group = typer.main.get_command(app)
    context = typer.Context(group, info_name="usage-pipeline")
    return (
        CLI
        + "".join(
            get_docs_for_click(obj=command, ctx=context, indent=1, call_prefix="usage-pipeline")
            for command in group.commands.values()  # type: ignore[attr-defined]  # it is a group
        ).rstrip("\n")
        + "\n"
    )


def settings_page() -> str:
    """All settings with defaults and descriptions."""
    head = ["| Variable | Default | Meaning |", "|---|---|---|"]
    rows = [
        f"| `{PREFIX}{name.upper()}` | {default_of(name)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return SETTINGS + "\n".join([*head, *rows]) + "\n" + KEY


def default_of(name: str) -> str:
    """The default as the page shows it."""
    default = Settings.model_fields[name].default
    return SPECIAL_DEFAULTS.get(name) or ("unset" if default is None else f"`{default}`")


PAGES = {FOLDER / "cli.md": cli_page, FOLDER / "settings.md": settings_page}

if __name__ == "__main__":
    for path, page in PAGES.items():
        path.write_text(page(), encoding="utf-8")
