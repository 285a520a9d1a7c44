"""Commands with simulated logs: `demo` runs the pipeline on them, `simulate` only writes them."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from usage_pipeline.cli.options import DataDir, To, load_settings
from usage_pipeline.cli.output import say
from usage_pipeline.simulation.settings import DEFAULT_SEED, MIN_TENANTS, Simulation
from usage_pipeline.words import count

_FILES = ("landing", "reference", "truth.json")
_MOST_DAYS = 10_000


def demo(
    seed: Annotated[
        int | None, typer.Option(min=0, help="Another seed makes other logs.", show_default=str(DEFAULT_SEED))
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Simulate 45 days of 12 tenants, land and compute them, compare every total, and print the result.

    The logs have the faults of a real platform, and their totals are known. It takes a minute or two. Logs of an
    earlier demo, or of `simulate`, are used again. What is past its retention is removed, as by `prune`. Exit
    code 1 if a total differs from the known one.

    Example: `usage-pipeline demo`, then `usage-pipeline dev` to see the days in Dagster

    Example: `usage-pipeline demo --seed 7 --data-dir other-demo`
    """
    from usage_pipeline.cli.demo.steps import show_demo

    show_demo(load_settings(data_dir), seed, data_dir)


def simulate(  # noqa: PLR0913, PLR0917 - one parameter per option
    out: Annotated[Path, typer.Option(help="Where landing, reference and truth.json are written.")],
    days: Annotated[int, typer.Option(min=1, max=_MOST_DAYS, help="Days of usage.")] = 45,
    tenants: Annotated[int, typer.Option(min=MIN_TENANTS, help="Tenants; a few make most of the usage.")] = 12,
    events_per_day: Annotated[int, typer.Option(min=1, help="Events per day and tenant, on average.")] = 6_700,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = DEFAULT_SEED,
    last: To = None,
    prompt_bytes: Annotated[int, typer.Option(min=0, help="Bytes of text in each prompt; 0: short ones.")] = 0,
) -> None:
    """Write simulated logs of three sources with the faults of a real platform, and their totals.

    Without `--to` the last day is yesterday, UTC. `usage-pipeline demo --data-dir OUT` lands it all and compares.

    Example: `usage-pipeline simulate --days 30 --tenants 5 --events-per-day 500 --seed 7 --out simulated`
    """
    for name in _FILES:
        if (out / name).exists():
            raise typer.BadParameter(f"--out {out}: it has a {name} already; name another folder")
    try:
        simulation = Simulation(days, tenants, events_per_day, seed, last or _yesterday(), prompt_bytes)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    from usage_pipeline.cli.progress import progress_bar
    from usage_pipeline.simulation.simulate import simulate as write_simulation

    with progress_bar() as bar:
        bar.expect("simulating", days)
        written = write_simulation(simulation, out, bar.done)
    say(
        f"Wrote {count(written.lines, 'line')} in {count(written.files, 'landing file')} below {out}: "
        f"{count(written.records, 'record')}. Their totals are in {out / 'truth.json'}."
    )


def _yesterday() -> date:
    return load_settings(None).clock.today - timedelta(days=1)
