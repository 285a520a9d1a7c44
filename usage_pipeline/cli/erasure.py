"""The command that erases a tenant or a member: `erase`."""

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import ID, By, DataDir, Format, OutputFormat, parse_id, reading_settings
from usage_pipeline.cli.output import note, print_json, print_rows, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from usage_pipeline.retention.erasure.counting import Count
    from usage_pipeline.retention.erasure.erasing import Outcome

_COLUMNS = ("place", "what", "becomes", "number")


def erase(  # noqa: PLR0913 - one parameter per option
    tenant: Annotated[str, typer.Option(parser=parse_id, metavar=ID, help="The tenant to erase.")],
    member: Annotated[
        str | None, typer.Option(parser=parse_id, metavar=ID, help="Erase only this member of the tenant.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why; it is in the certificate.")] = None,
    by: By = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would go, and change nothing.")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="Erase; without it the plan is printed.")] = False,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Erase every trace of a tenant. Its usage and costs stay in sums of the tenant `erased`.

    With --member the tenant keeps its records, without what could name that person.

    This cannot be taken back, so nothing is erased without --confirm. An erasure that was interrupted is completed
    by the same command. A certificate in the folder `erasures` of the data directory says what was erased, without
    data and without the id.

    Example: `usage-pipeline erase --tenant acme --dry-run`
    """
    from usage_pipeline.cli.progress import progress_bar
    from usage_pipeline.errors import ErasureError
    from usage_pipeline.pipeline.tables import DAILY_TABLES, TABLES
    from usage_pipeline.retention.erasure import erasing
    from usage_pipeline.retention.erasure.certificate import place_of
    from usage_pipeline.retention.erasure.subject import Subject
    from usage_pipeline.storage.opened import open_storage

    if confirm and not dry_run and not (reason or "").strip():
        raise typer.BadParameter("--confirm needs a --reason, which goes into the certificate")
    settings = reading_settings(data_dir)
    tables, subject = erasing.Tables(TABLES, DAILY_TABLES), Subject(tenant, member)
    with open_storage(settings) as storage:
        if dry_run or not confirm:
            found = erasing.plan(storage, tables, subject)
            _print_plan(found.counts, form)
            if found.obstacle is not None:
                raise ErasureError(found.obstacle)
            if not dry_run:
                note("Nothing was erased. Give --confirm and a --reason to erase.")
            return
        with progress_bar() as bar:
            outcome = erasing.erase(
                storage, tables, subject, by=by or getpass.getuser(), reason=(reason or "").strip(), progress=bar
            )
    if outcome is None:
        note("It was erased before, and nothing of it has come since.")
    else:
        _print_outcome(outcome, place_of(settings, outcome.certificate.id), form)


def _print_plan(counts: "Sequence[Count]", form: OutputFormat) -> None:
    print_rows([vars(count) for count in counts], _COLUMNS, form, "Would be erased")


def _print_outcome(outcome: "Outcome", place: "Path", form: OutputFormat) -> None:
    certificate = outcome.certificate
    if form is OutputFormat.JSON:
        print_json(vars(certificate))
    else:
        print_rows(certificate.counts, _COLUMNS, form, "Erased")
    if outcome.mentions:
        note(f"Rows and lines of other tenants with the id as a word, left as they were: {outcome.mentions:,}.")
    if form is OutputFormat.TABLE:
        say(f"Certificate: {place}", *(f"Not erased: {line}" for line in certificate.out_of_scope))
