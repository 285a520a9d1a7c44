"""The command `simulate`, which writes logs to try the pipeline with."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from usage_pipeline.cli.options import To, load_settings
from usage_pipeline.cli.output import count, say
from usage_pipeline.simulation.settings import DEFAULT_SEED, MIN_TENANTS, Simulation

_FILES = ("landing", "reference", "truth.json")


def simulate(  # noqa: PLR0913, PLR0917 - one parameter per option
    out: Annotated[Path, typer.Option(help="Where landing, reference and truth.json are written.")],
    days: Annotated[int, typer.Option(min=1, help="Days of usage.")] = 45,
    tenants: Annotated[int, typer.Option(min=MIN_TENANTS, help="Tenants; a few make most of the usage.")] = 12,
    events_per_day: Annotated[int, typer.Option(min=1, help="Events per day and tenant, on average.")] = 6_700,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = DEFAULT_SEED,
    last: To = None,
    prompt_bytes: Annotated[int, typer.Option(min=0, help="Bytes of text in each prompt; 0: short ones.")] = 0,
) -> None:
    """Write made-up logs of the three platform sources with all that goes wrong, and the totals they come to.

    Without `--to` the last day is yesterday, UTC. `usage-pipeline demo --data-dir OUT` lands it all and compares.

    Example: `usage-pipeline simulate --days 30 --tenants 5 --events-per-day 500 --seed 7 --out simulated`
    """
    for name in _FILES:
        if (out / name).exists():
            raise typer.BadParameter(f"--out {out}: it has a {name} already; name another folder")
    try:
        simulation = Simulation(
            days, tenants, events_per_day, seed, last.date() if last else _yesterday(), prompt_bytes
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    from usage_pipeline.cli.progress import progress_bar
    from usage_pipeline.simulation.simulate import simulate as write_simulation

    with progress_bar() as bar:
        bar.expect("simulating", days)
        written = write_simulation(simulation, out, bar.done)
    say(
        f"Wrote {count(written.lines, 'line')} in {count(written.files, 'landing file')} below {out}: "
        f"{count(written.records, 'record')}. What they come to stands in {out / 'truth.json'}."
    )


def _yesterday() -> date:
    return load_settings(None).today() - timedelta(days=1)
