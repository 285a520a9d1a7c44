"""Puts the logs of the demo into the landing folder, unless it has other logs."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from usage_pipeline.cli.demo.truth import TRUTH, Truth, read_truth
from usage_pipeline.cli.output import error_console
from usage_pipeline.clock import days_between
from usage_pipeline.costs.book.current import current_price_book
from usage_pipeline.costs.book.price_file import read_price_file
from usage_pipeline.costs.book.prices import Price, Tier, Window
from usage_pipeline.credits.rate_store import current_rates
from usage_pipeline.errors import UsagePipelineError
from usage_pipeline.limits.limit_file import LIMITS_FILE
from usage_pipeline.registry import TokenClass
from usage_pipeline.settings import PREFIX, Settings
from usage_pipeline.simulation.settings import DEFAULT_SEED, Simulation
from usage_pipeline.simulation.simulate import simulate
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.opened import Storage
from usage_pipeline.tenants.models import Tenants
from usage_pipeline.tenants.reference import load_tenants
from usage_pipeline.words import count

if TYPE_CHECKING:
    from usage_pipeline.orchestration.execution import Progress

DAYS, TENANTS, EVENTS_PER_DAY = 45, 12, 555


def place_logs(storage: Storage, seed: int | None, progress: "Progress") -> Truth:
    """Put the logs of a demo into the landing folder, and return their totals.

    Logs of an earlier demo, or of `simulate`, stay, and their missing files are written again. Raises
    UsagePipelineError if there are other logs, another seed, or tenants on other plans.
    """
    settings = storage.settings
    there = _landing_files(settings.landing) | _pruned_files(storage)
    earlier = _earlier(storage, there, seed)
    if earlier is not None and earlier.files <= there:
        text = f"{settings.landing} holds the logs of a demo already; they are used again."
        error_console.print(text, markup=False, highlight=False, soft_wrap=True)
        return earlier
    staging = settings.data_dir / "tmp"
    staging.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="demo-", dir=staging) as folder:
        truth = _simulate(earlier.simulation if earlier else _new(settings, seed), Path(folder), progress)
        missing = truth.files - there
        if earlier is not None and truth != earlier:
            raise UsagePipelineError(
                f"{settings.landing} lacks {count(len(missing), 'file')} of the demo, and this version makes "
                f"other ones. {_elsewhere(settings)}"
            )
        _place_reference(settings, Path(folder) / "reference", truth.simulation)
        _place_files(settings, Path(folder), truth, missing)
    return truth


def _earlier(storage: Storage, there: set[str], seed: int | None) -> Truth | None:
    """Return the totals of the logs that are already there; None without logs."""
    settings = storage.settings
    with storage.warehouse.connect() as connection:
        known = there | {file.path for file in landed_files.files(connection)}
    if not known:
        return None
    truth = read_truth(settings.data_dir) if (settings.data_dir / TRUTH).exists() else None
    foreign = sorted(known - truth.files if truth else known)
    if truth is None or foreign:
        raise UsagePipelineError(
            f"{settings.data_dir} already holds other logs ({foreign[0]}). {_elsewhere(settings)}"
        )
    if seed not in (None, truth.simulation.seed):
        raise UsagePipelineError(
            f"{settings.data_dir} already holds a demo with --seed {truth.simulation.seed}. {_elsewhere(settings)}"
        )
    return truth


def _elsewhere(settings: Settings) -> str:
    shared = [f"{PREFIX}{name.upper()}" for name in ("database_url", "reference_dir") if getattr(settings, name)]
    return "Give the demo a folder of its own: usage-pipeline demo --data-dir new-folder" + (
        f", with {' and '.join(shared)} unset" if shared else ""
    )


def _landing_files(landing: Path) -> set[str]:
    """Return the paths of all files below the folder, whether or not they are in the right place."""
    found = (path.relative_to(landing) for path in landing.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts)}


def _pruned_files(storage: Storage) -> set[str]:
    """Return the paths of files that an earlier demo has removed past their term."""
    with storage.warehouse.connect() as connection:
        return {file.path for file in landed_files.files(connection) if file.pruned_at}


def _new(settings: Settings, seed: int | None) -> Simulation:
    yesterday = settings.clock.today - timedelta(days=1)
    return Simulation(DAYS, TENANTS, EVENTS_PER_DAY, DEFAULT_SEED if seed is None else seed, yesterday)


def _simulate(simulation: Simulation, folder: Path, progress: "Progress") -> Truth:
    progress.expect("simulating", simulation.days)
    simulate(simulation, folder, progress.done)
    return read_truth(folder)


NOT_LOGGED = frozenset({TokenClass.CACHE_WRITE, TokenClass.CACHE_WRITE_1H, TokenClass.WEB_SEARCH})
"""Classes of which the demo's logs hold nothing."""


def _place_reference(settings: Settings, made: Path, simulation: Simulation) -> None:
    """Add the reference files if there are none. Existing ones must give the same totals; limits change none."""
    there = {file.name for file in made.iterdir() if (settings.reference / file.name).exists()}
    if settings.reference_dir is None and there <= {LIMITS_FILE}:
        shutil.copytree(made, settings.reference, dirs_exist_ok=True, ignore=lambda *_: there)
        return
    _expect_prices(settings, made, simulation)
    of_demo = settings.model_copy(update={"reference_dir": made})
    _expect_credit_rates(settings, of_demo, simulation)
    needed, used = load_tenants(of_demo), load_tenants(settings)
    for tenant in needed.by_id:
        if terms(used, tenant, simulation) != terms(needed, tenant, simulation):
            raise UsagePipelineError(
                f"{settings.reference}: the logs of the demo need the tenant {tenant} on the plan "
                f"{needed.plan_of(tenant, simulation.last_day)!r}, as the project ships it. {_elsewhere(settings)}"
            )


def _expect_prices(settings: Settings, made: Path, simulation: Simulation) -> None:
    """Raise UsagePipelineError if a model of the demo has another price than in its known totals."""
    used = current_price_book(settings)
    for price in read_price_file(made / "prices.yaml").prices:
        for day in filter(price.in_force, map(simulation.date, range(simulation.days))):
            found = used.resolve(None, price.model, day).price
            if found is None or logged_prices(found) != logged_prices(price):
                raise UsagePipelineError(
                    f"{settings.reference}: on {day} the model {price.model} has no price or another one than the "
                    f"demo needs. {_elsewhere(settings)}"
                )


def _expect_credit_rates(settings: Settings, of_demo: Settings, simulation: Simulation) -> None:
    """Raise UsagePipelineError if the credit rates of a day of the demo are others than in its known totals."""
    days = [simulation.date(number) for number in range(simulation.days)]
    used, needed = current_rates(settings, days), current_rates(of_demo, days)
    for day in days:
        if used[day].model_copy(update={"from_": needed[day].from_}) != needed[day]:
            raise UsagePipelineError(
                f"{settings.reference}: on {day} the credit rates are not those that the demo needs, as the "
                f"project ships them. {_elsewhere(settings)}"
            )


def logged_prices(price: Price) -> tuple[list[Tier], list[Window]]:
    """Return the prices of what the demo's logs hold: the usual ones, and those of each window."""
    windows = [replace(window, tiers=tuple(map(_logged, window.tiers))) for window in price.windows]
    return list(map(_logged, price.tiers)), windows


def _logged(tier: Tier) -> Tier:
    return replace(tier, prices={name: value for name, value in tier.prices.items() if name not in NOT_LOGGED})


def terms(tenants: Tenants, tenant: str, simulation: Simulation) -> list[tuple[object, ...]]:
    """Return what decides about the logs and credits of a tenant, by day from the first month of the logs on."""
    days = days_between(simulation.date(0).replace(day=1), simulation.last_day)
    anchor = tenants.anchor_day_of(tenant)
    plans = [(day, tenants.plans[tenants.plan_of(tenant, day)]) for day in days]
    return [
        (tenants.retention_start(tenant, day), plan.monthly_credits, plan.rollover, anchor) for day, plan in plans
    ]


def _place_files(settings: Settings, made: Path, truth: Truth, files: set[str]) -> None:
    # The truth first, so that after an interrupt the files are known to be the demo's.
    shutil.move(made / TRUTH, settings.data_dir / TRUTH)
    if files == truth.files and not settings.landing.exists():
        shutil.move(made / "landing", settings.landing)
        return
    for path in sorted(files):
        target = settings.landing / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(made / "landing" / path, target)
