"""The command that tries a format on a sample: `mapping try`."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import DataDir, Format, OutputFormat, load_settings, reading_settings
from usage_pipeline.cli.output import Row, print_json, print_rows, say, warn
from usage_pipeline.errors import QueryError
from usage_pipeline.words import count

if TYPE_CHECKING:
    from usage_pipeline.events.format_files import Formats
    from usage_pipeline.events.landing.set_aside import SetAside
    from usage_pipeline.events.landing.trial import Trial
    from usage_pipeline.events.source_format import SourceFormat

_SHOWN = 10
_IN_TABLE = (
    "outcome",
    "record_id",
    "tenant_id",
    "type",
    "occurred_at",
    "model",
    "tokens_in",
    "tokens_out",
    "status",
)
_OF_SET_ASIDE = ("verdict", "decided_by", "record_id", "model", "tokens_in", "tokens_out")


class Action(StrEnum):
    """What to do with a format."""

    TRY = "try"


def mapping(  # noqa: PLR0913, PLR0917 - one parameter per option
    action: Annotated[Action, typer.Argument(help="Only `try`.")],  # noqa: ARG001 - the only one
    sample: Annotated[Path, typer.Argument(metavar="FILE", help="A file of log lines.")],
    name: Annotated[
        str | None, typer.Option("--mapping", help="Name or file of a format. Default: the one that fits best.")
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(help="The tenant's folder. Default: `sample`, if lines name none.")
    ] = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Try a format on a sample, without landing it.

    Prints what became of the lines and of each field, the fields that no column takes, the first rejected lines,
    the first skipped ones with the test, the first superseded ones with the line that counts in their place, and
    the first records. JSON has all of them, except texts. Nothing is rejected for its age; a last line says what
    `run` would reject.

    Example: `usage-pipeline mapping try answers.jsonl --mapping my-formats/support_bot.yaml`
    """
    from usage_pipeline.events.format_files import load_formats
    from usage_pipeline.events.landing.trial import try_format
    from usage_pipeline.storage.opened import open_storage

    # A format may be tried before anything has landed, but a directory that is named is meant to be there.
    settings = load_settings(None) if data_dir is None else reading_settings(data_dir)
    if not sample.is_file():
        raise QueryError(f"{sample}: there is no such file.")
    wanted = _wanted(load_formats(settings), sample, name)
    with open_storage(settings) as storage:
        trials = [try_format(storage, source_format, sample, tenant) for source_format in wanted]
    best = max(trials, key=_fit)
    if name is None and not best.verdicts.tally.accepted:
        raise QueryError(f"No format accepts a line of {sample}; name one with --mapping to see why.")
    _print(best, form)


def _wanted(formats: "Formats", sample: Path, name: str | None) -> "list[SourceFormat]":
    """Return the format that is named, or all that files of such a name may have."""
    from usage_pipeline.events.format_files import load_format
    from usage_pipeline.events.format_parts import FileType

    if name is None:
        # The columns of a CSV file decide about its format, and files of JSON lines have none.
        found = [each for each in formats.values() if each.format is FileType.JSONL]
        if f".{FileType.JSONL}" not in sample.suffixes:
            raise QueryError(
                f"{sample} is not named .jsonl, so no format can be guessed; name one with --mapping."
            )
        return found
    if name.endswith((".yaml", ".yml")):
        return [load_format(Path(name))]
    if name in formats.broken:
        raise QueryError(formats.broken[name])
    if name not in formats:
        raise QueryError(f"No format is named {name!r}; known are {', '.join(sorted(formats))}.")
    return [formats[name]]


def _fit(trial: "Trial") -> tuple[int, int]:
    tally = trial.verdicts.tally
    return tally.accepted + tally.superseded, -tally.rejected


def _print(trial: "Trial", form: OutputFormat) -> None:
    if trial.warning:
        warn(trial.warning)
    if form is OutputFormat.JSON:
        print_json({"format": trial.source_format.name, **_counts(trial), **_parts(trial)})
        return
    counts = ", ".join(f"{number:,} {name}" for name, number in _counts(trial).items())
    say(f"Format {trial.source_format.name}: {counts}.", "")
    parts = _parts(trial)
    print_rows(parts["columns"], ["column", "field", "records", "example"], form, "What each field became")
    if parts["unmapped"]:
        print_rows(parts["unmapped"], ["field", "records"], form, "Fields that no column takes")
    if parts["unmapped_around"]:
        print_rows(
            parts["unmapped_around"], ["field", "lines"], form, "Fields around the events that no column takes"
        )
    place = ["landing_line", "landing_event"] if trial.source_format.each else ["landing_line"]
    if trial.rejects:
        _print_first(parts["rejects"], [*place, "reason", "field", "found", "expected"], "Rejected lines")
    if trial.set_aside:
        _print_first(parts["set_aside"], [*place, *_OF_SET_ASIDE], "Lines that are skipped or superseded")
    _print_first(parts["records"], [*place, *_IN_TABLE], "Records")
    _say_what_is_too_old(trial)


def _print_first(rows: Sequence[Row], columns: Sequence[str], title: str) -> None:
    shown = f"{title}, {_SHOWN} of {len(rows):,}" if len(rows) > _SHOWN else title
    print_rows(rows[:_SHOWN], columns, OutputFormat.TABLE, shown)


def _say_what_is_too_old(trial: "Trial") -> None:
    old = trial.too_old
    if old:
        oldest = min(old, key=itemgetter("event_day"))
        say(
            f"`run` would reject {count(len(old), 'record')} as past_retention if they landed today: the oldest "
            f"is of {oldest['event_day']}, and {trial.first_kept[oldest['tenant_id']]} is the first day that is "
            "kept. Land old logs in the folder of a landing day near their time."
        )


def _counts(trial: "Trial") -> dict[str, int]:
    tally, lines = trial.verdicts.tally, trial.verdicts.counts
    verdicts = Counter(verdict for verdict, _ in trial.outcomes)
    counts = {"lines": lines.lines, "accepted": tally.accepted, "rejected": tally.rejected}
    further = {
        "skipped": tally.skipped,
        "superseded": tally.superseded,
        "superseded without a number": tally.uncompared,
        "further events": tally.further_events,
        "blank": lines.blank,
        "duplicates": verdicts["duplicate"],
        "conflicts": verdicts["conflict"],
        "totals apart": tally.totals_apart,
        "too old to land today": len(trial.too_old),
    }
    return counts | {name: number for name, number in further.items() if number}


def _parts(trial: "Trial") -> dict[str, list[Row]]:
    outcomes = [_in_words(trial.source_format, *outcome) for outcome in trial.outcomes]
    return {
        "columns": list(trial.columns()),
        "unmapped": list(trial.unmapped()),
        "unmapped_around": list(trial.unmapped_around()),
        "rejects": list(trial.rejects),
        "set_aside": [_set_aside_row(trial.source_format, line) for line in trial.set_aside],
        "records": [{**row, "outcome": outcome} for row, outcome in zip(trial.records, outcomes, strict=True)],
    }


def _set_aside_row(source_format: "SourceFormat", line: "SetAside") -> Row:
    """Return the row of a skipped line with the test, or that of a superseded one with the line that counts."""
    decided_by = _place(source_format, *line.decided_by) if line.decided_by else line.test
    place = {"landing_line": line.landing_line, "landing_event": line.landing_event}
    verdict = {"verdict": line.verdict, "decided_by": decided_by}
    return {**dict.fromkeys(_OF_SET_ASIDE), **line.record, **place, **verdict}


def _place(source_format: "SourceFormat", line: object, event: object) -> str:
    return f"event {event} of line {line}" if source_format.each else f"line {line}"


def _in_words(source_format: "SourceFormat", verdict: str, decided_by: Row | None) -> str:
    """Return what became of a line or event, and which one decided it."""
    if decided_by is None:
        return verdict
    place = _place(source_format, decided_by["landing_line"], decided_by["landing_event"])
    return f"{verdict} {'with' if verdict == 'conflict' else 'of'} {place}"
