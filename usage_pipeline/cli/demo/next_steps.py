"""The places of the demo's files, and the next commands."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from usage_pipeline.cli.demo.result import Result
from usage_pipeline.cli.demo.truth import TRUTH
from usage_pipeline.settings import Settings


def places(settings: Settings) -> Iterator[str]:
    """Yield a line for each place."""
    data = settings.data_dir
    lying = {
        _shown(settings.landing): "the logs, as a platform writes them",
        _shown(settings.reference): "tenants, plans, prices, credit rates and limits",
        _shown(data / TRUTH): "the totals of the logs, counted while they were written",
        _shown(data / "lake"): "records, rejected lines and texts, as Parquet",
        _shown(data / "rollups"): "usage by day and quarter of an hour, as Parquet",
        "USAGE_DATABASE_URL" if settings.database_url else _shown(data / "postgres"): "the series and the state",
    }
    width = max(map(len, lying))
    yield from (f" {place:{width}}  {what}" for place, what in lying.items())


def commands(result: Result, data_dir: Path | None) -> Iterator[str]:
    """Yield two lines for each next command; `data_dir` is the value of the option `--data-dir`."""
    option = f" --data-dir {data_dir}" if data_dir else ""
    dev = f"usage-pipeline dev{option}" if data_dir else "make dev"
    asked = {f"usage-pipeline {command}{option}": what for command, what in _questions(result).items()}
    for command, what in {**_activation(), dev: "all tables and days in Dagster, in a browser", **asked}.items():
        yield f" {command}"
        yield f"     {what}"


def _questions(result: Result) -> dict[str, str]:
    spike, conflict = result.truth.planted[0], result.conflict
    found = {
        "rejects": "the rejected lines, with the values that were expected",
        "usage --group-by tenant,model": "usage by tenant and model",
        f"series --tenant {spike.tenant} --from {result.days[0]}": "the three series of a tenant, with its spike",
    }
    for grant in result.truth.grants:
        found[f"credits --tenant {grant.tenant}"] = "the credits of a tenant, grant by grant, with its top-up"
    if conflict is not None:
        command = f"explain {conflict.record_id} --tenant {conflict.tenant}"
        found[command] = "two lines with one id and other content, and which of them counts"
    days = f"--from {result.days[0]} --to {result.days[-1]}"
    found[f"report --tenant {spike.tenant} {days} --format pdf,html,xlsx"] = "its report, to print and to look at"
    return found


def _activation() -> dict[str, str]:
    """Return the command that puts `usage-pipeline` on the path, if it is not there."""
    activate = Path(sys.prefix) / "bin" / "activate"
    if shutil.which("usage-pipeline") or not activate.exists():
        return {}
    return {f". {_shown(activate)}": "puts `usage-pipeline` on the path"}


def _shown(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
