"""What the command `demo` is asked."""

from typing import Annotated

import typer

from usage_pipeline.cli.options import DataDir, load_settings
from usage_pipeline.simulation.settings import DEFAULT_SEED


def demo(
    seed: Annotated[
        int | None, typer.Option(min=0, help="Another seed makes other logs.", show_default=str(DEFAULT_SEED))
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Simulate 45 days of 12 tenants, land and compute them, compare every total, and show what came of it.

    The logs are made up, with all that goes wrong on a real platform, and what they come to is known. It takes a
    minute or two. Logs that are there from an earlier demo, or from `simulate`, are used again. Exit code 1 when a
    total is not the known one.

    Example: `usage-pipeline demo`, then `usage-pipeline dev` to see the days in Dagster

    Example: `usage-pipeline demo --seed 7 --data-dir other-demo`
    """
    from usage_pipeline.cli.demo.steps import show_demo

    show_demo(load_settings(data_dir), seed, data_dir)
