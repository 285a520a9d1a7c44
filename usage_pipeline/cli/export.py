"""The command that writes records one by one: `export`."""

import re
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import DataDir, From, OneTenant, To, reading_settings
from usage_pipeline.cli.output import note, say
from usage_pipeline.errors import QueryError
from usage_pipeline.listing.queries import FILTERS, Filters, Order, RecordQuery
from usage_pipeline.words import count

if TYPE_CHECKING:
    from usage_pipeline.storage.opened import Storage


class ExportFormat(StrEnum):
    """The form of an export."""

    JSONL = "jsonl"
    CSV = "csv"


_FILTER = re.compile(r"(meta\[(?P<key>.*?)\]|(?P<name>[^=]*))=(?P<value>.*)", re.DOTALL)


def export(  # noqa: PLR0913 - one parameter per option
    *,
    tenant: OneTenant = None,
    first: From = None,
    last: To = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where", help=f"name=value, of {', '.join(FILTERS)} or meta[key]; of several values of one, any."
        ),
    ] = None,
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="Instead of the newest first.")] = False,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="JSON lines, or CSV with a header.")
    ] = ExportFormat.JSONL,
    out: Annotated[Path | None, typer.Option(help="File to write instead of printing.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Print the usage records of a tenant, or of all, one by one. The default is all days.

    With `--out` the file is there whole or not at all, and takes the place of one that is there.

    Example: `usage-pipeline export --tenant acme --from 2026-02-01 --to 2026-02-28 --out february.jsonl`

    Example: `usage-pipeline export --tenant acme --where conversationId=c1 --where "meta[region]=eu" --format csv`
    """
    order = Order.ASC if oldest_first else Order.DESC
    query = RecordQuery(tenant, *_filters(where or []), first, last, order)
    settings = reading_settings(data_dir)

    from usage_pipeline.cli.progress import late_progress_bar
    from usage_pipeline.cli.reading import warn_unknown_tenant
    from usage_pipeline.listing.streams import stream_csv, stream_json_lines, tell_nobody
    from usage_pipeline.storage.opened import open_storage

    stream = stream_csv if form is ExportFormat.CSV else stream_json_lines
    # A bar would stand among lines that go to the same terminal.
    progress = nullcontext() if out is None and sys.stdout.isatty() else late_progress_bar("exporting days")
    with open_storage(settings) as storage:
        warn_unknown_tenant(storage, tenant)
        _tell_of_pruned(storage, query)
        with progress as days_done:
            pieces = stream(storage, query, days_done or tell_nobody)
            if out is None:
                _print(pieces)
            else:
                _write(storage, pieces, out)


def _filters(texts: Iterable[str]) -> tuple[Filters, Filters]:
    """Return the values by name, and by key of `meta`."""
    names: dict[str, tuple[str, ...]] = {}
    keys: dict[str, tuple[str, ...]] = {}
    for text in texts:
        found = _FILTER.fullmatch(text)
        if found is None:
            raise QueryError(
                f"--where {text!r}: expected name=value, such as conversationId=c1 or meta[region]=eu."
            )
        values, name = (names, found["name"]) if found["key"] is None else (keys, found["key"])
        values[name] = (*values.get(name, ()), found["value"])
    return tuple(names.items()), tuple(keys.items())


def _tell_of_pruned(storage: "Storage", query: RecordQuery) -> None:
    """Note which records of the days are not there any more."""
    from usage_pipeline.storage.pruned import first_kept_days

    with storage.warehouse.connect() as connection:
        found = first_kept_days(connection, query.first)
    kept = [day for tenant, day in found.items() if query.tenant_id in {None, tenant}]
    if kept:
        whose = query.tenant_id or count(len(kept), "tenant")
        note(
            f"Records of {whose} before {max(kept)} are pruned" + (", or before an earlier day" * (len(kept) > 1))
        )


def _print(pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _write(storage: "Storage", pieces: Iterable[bytes], out: Path) -> None:
    """Write the file beside its place, and put it there when it is whole."""
    if out.is_dir():
        raise QueryError(f"--out {out}: expected a file, found a folder.")
    if out.resolve().is_relative_to(storage.settings.data_dir.resolve()):
        raise QueryError(f"--out {out}: it is in the data directory, where files belong to the pipeline.")

    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.writelines(pieces)

    storage.lake.replace(out, write)
    say(f"{out}: {count(out.stat().st_size, 'byte')}")
