"""Which logs the demo works on, and where it refuses to."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest

from usage_pipeline.cli.demo.logs import logged_prices, place_logs, terms
from usage_pipeline.costs.book.current import current_price_book
from usage_pipeline.costs.book.price_file import read_price_file
from usage_pipeline.credits.rate_file import read_rates
from usage_pipeline.errors import UsagePipelineError
from usage_pipeline.limits.limit_file import read_limits
from usage_pipeline.settings import Settings
from usage_pipeline.simulation.plan import Plan
from usage_pipeline.simulation.reference import CREDIT_RATES, LIMITS, PRICES, write_reference
from usage_pipeline.simulation.settings import Simulation
from usage_pipeline.storage.opened import Storage
from usage_pipeline.tenants.reference import load_tenants
from usage_pipeline_tests.simulation.support import content_digest, small
from usage_pipeline_tests.support import Landing, prompt

SHIPPED = Path(__file__).parents[3] / "data" / "reference"
OTHER = "already holds other logs"


@dataclass
class Told:
    """Counts the days that were simulated."""

    days: list[date] = field(default_factory=list)

    def expect(self, what: str, partitions: int) -> None:
        """Nothing to do."""

    def done(self, day: date) -> None:
        self.days.append(day)


def test_a_new_demo_is_45_days_of_12_tenants_up_to_yesterday(storage: Storage) -> None:
    truth = place_logs(storage, None, Told())
    landing = storage.settings.landing
    there = {str(path.relative_to(landing)) for path in landing.rglob("*") if path.is_file()}
    assert truth.simulation == Simulation(45, 12, 555, 1, date(2026, 5, 31))
    assert there == truth.files
    assert 300_000 < truth.totals.overall["records",] < 330_000
    assert sorted(load_tenants(storage.settings).by_id) == [f"tenant-{number:02}" for number in range(1, 13)]
    assert list((storage.settings.data_dir / "tmp").glob("demo-*")) == []


def test_logs_of_an_earlier_demo_are_left_as_they_are(storage: Storage, earlier: Path) -> None:
    before, told = content_digest(earlier / "landing"), Told()
    assert place_logs(storage, None, told).simulation == small(days=3, tenants=7, events_per_day=150)
    assert (content_digest(earlier / "landing"), told.days) == (before, [])


def test_files_that_are_gone_are_made_again(storage: Storage, earlier: Path) -> None:
    before = content_digest(earlier / "landing")
    shutil.rmtree(earlier / "landing" / "agent_runs" / "2026-05-29")
    place_logs(storage, None, Told())
    assert content_digest(earlier / "landing") == before


def test_what_an_interruption_left_is_completed(storage: Storage, earlier: Path) -> None:
    before = content_digest(earlier / "landing")
    for source in ("persona", "usage_statistics"):
        shutil.rmtree(earlier / "landing" / source)
    place_logs(storage, None, Told())
    assert content_digest(earlier / "landing") == before


def test_files_that_this_version_makes_otherwise_are_refused(storage: Storage, earlier: Path) -> None:
    truth = earlier / "truth.json"
    truth.write_text(truth.read_text().replace('"factor": 5.0', '"factor": 6.0'))
    shutil.rmtree(earlier / "landing" / "agent_runs" / "2026-05-29")
    with pytest.raises(UsagePipelineError, match="lacks 1 file of the demo, and this version makes other ones"):
        place_logs(storage, None, Told())


def test_logs_of_another_kind_are_left_alone(storage: Storage, landing: Landing) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    with pytest.raises(UsagePipelineError, match=rf"{OTHER} \(persona/2026-05-01/events.jsonl\)"):
        place_logs(storage, None, Told())
    assert not (storage.settings.data_dir / "truth.json").exists()


@pytest.mark.usefixtures("earlier")
def test_logs_beside_those_of_an_earlier_demo_are_left_alone(storage: Storage, landing: Landing) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")], name="own.jsonl")
    with pytest.raises(UsagePipelineError, match=rf"{OTHER} \(persona/2026-05-01/own.jsonl\)"):
        place_logs(storage, None, Told())


@pytest.mark.usefixtures("earlier")
def test_a_file_in_the_wrong_place_is_seen_too(storage: Storage, landing: Landing) -> None:
    (landing.root / "notes.txt").touch()
    with pytest.raises(UsagePipelineError, match=rf"{OTHER} \(notes.txt\)"):
        place_logs(storage, None, Told())


@pytest.mark.usefixtures("earlier")
def test_hidden_files_are_no_logs(storage: Storage, landing: Landing) -> None:
    (landing.root / ".DS_Store").touch()
    assert place_logs(storage, None, Told()).simulation.days == 3


def test_logs_that_have_landed_and_are_gone_are_not_mixed_with_the_demos(
    storage: Storage, landing: Landing, run: Callable[[], object]
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    run()
    shutil.rmtree(landing.root)
    with pytest.raises(UsagePipelineError, match=OTHER):
        place_logs(storage, None, Told())


@pytest.mark.usefixtures("earlier")
def test_another_seed_needs_another_folder(storage: Storage) -> None:
    with pytest.raises(UsagePipelineError, match=r"already holds a demo with --seed 1\. .* --data-dir new-folder"):
        place_logs(storage, 2, Told())


@pytest.mark.usefixtures("earlier")
def test_the_same_seed_is_the_same_demo(storage: Storage) -> None:
    assert place_logs(storage, 1, Told()).simulation.seed == 1


@pytest.fixture
def incomplete(earlier: Path) -> Path:
    """The landing folder of an earlier demo without reference files, some of whose logs have to be made again."""
    shutil.rmtree(earlier / "reference")
    shutil.rmtree(earlier / "landing" / "agent_runs")
    return earlier / "landing"


@pytest.mark.usefixtures("incomplete")
def test_reference_files_are_added_where_there_are_none(storage: Storage) -> None:
    place_logs(storage, None, Told())
    assert len(load_tenants(storage.settings).by_id) == 7


@pytest.mark.usefixtures("incomplete")
def test_limits_that_are_there_stay_and_other_reference_files_are_added(storage: Storage) -> None:
    storage.settings.reference.mkdir()
    mine = storage.settings.reference / "limits.yaml"
    mine.write_text("[]\n")
    place_logs(storage, None, Told())
    assert (mine.read_text(), len(load_tenants(storage.settings).by_id)) == ("[]\n", 7)


@pytest.mark.usefixtures("incomplete")
def test_reference_files_that_are_there_stay(storage: Storage) -> None:
    shutil.copytree(SHIPPED, storage.settings.reference)
    place_logs(storage, None, Told())
    assert content_digest(storage.settings.reference) == content_digest(SHIPPED)


def test_tenants_on_other_plans_are_refused_before_anything_is_placed(storage: Storage, incomplete: Path) -> None:
    shutil.copytree(SHIPPED, storage.settings.reference)
    tenants = storage.settings.reference / "tenants.yaml"
    tenants.write_text(tenants.read_text().replace("tenant-03:", "somebody:"))
    with pytest.raises(UsagePipelineError, match="need the tenant tenant-03 on the plan 'archive'"):
        place_logs(storage, None, Told())
    assert not (incomplete / "agent_runs").exists()


def test_other_prices_are_refused_before_anything_is_placed(storage: Storage, incomplete: Path) -> None:
    shutil.copytree(SHIPPED, storage.settings.reference)
    prices = storage.settings.reference / "prices.yaml"
    prices.write_text(prices.read_text().replace('reasoning: "0.25"', 'reasoning: "0.26"'))
    with pytest.raises(
        UsagePipelineError, match="on 2026-05-28 the model house-7b-2025 has no price or another one"
    ):
        place_logs(storage, None, Told())
    assert not (incomplete / "agent_runs").exists()


def test_other_credit_rates_are_refused_before_anything_is_placed(storage: Storage, incomplete: Path) -> None:
    shutil.copytree(SHIPPED, storage.settings.reference)
    rates = storage.settings.reference / "credit_rates.yaml"
    rates.write_text(rates.read_text().replace('per_mb: "0.5"', 'per_mb: "0.6"'))
    with pytest.raises(UsagePipelineError, match="on 2026-05-28 the credit rates are not those"):
        place_logs(storage, None, Told())
    assert not (incomplete / "agent_runs").exists()


def test_a_plan_with_other_credits_is_refused(storage: Storage, incomplete: Path) -> None:
    assert incomplete.exists()
    shutil.copytree(SHIPPED, storage.settings.reference)
    plans = storage.settings.reference / "plans.yaml"
    plans.write_text(plans.read_text().replace('max: "50000"', 'max: "60000"'))
    with pytest.raises(UsagePipelineError, match="need the tenant tenant-01 on the plan 'pro'"):
        place_logs(storage, None, Told())


def test_settings_that_another_folder_would_not_part_are_named(
    storage: Storage, incomplete: Path, tmp_path: Path
) -> None:
    assert incomplete.exists()
    (tmp_path / "empty").mkdir()
    settings = storage.settings.model_copy(update={"reference_dir": tmp_path / "empty"})
    with pytest.raises(UsagePipelineError, match="with USAGE_DATABASE_URL and USAGE_REFERENCE_DIR unset"):
        place_logs(replace(storage, settings=settings), None, Told())


def test_the_shipped_tenants_are_those_of_the_demo() -> None:
    tenants = load_tenants(Settings.load(reference_dir=SHIPPED))
    shipped = {
        name: (tenant.plan_on(date(2023, 1, 1)), tenant.time_zone)
        for name, tenant in tenants.by_id.items()
        if name.startswith("tenant-")
    }
    assert shipped == {tenant.name: (tenant.plan, tenant.zone) for tenant in Plan(small(tenants=12)).tenants}


@pytest.mark.parametrize("day", [date(2023, 1, 1), date(2026, 5, 27), date(2026, 5, 28)])
def test_the_shipped_price_book_prices_the_models_of_the_demo_as_its_truth_does(day: date) -> None:
    shipped = current_price_book(Settings.load(reference_dir=SHIPPED))
    needed = [price for price in read_price_file(PRICES).prices if price.in_force(day)]
    found = [shipped.resolve(None, price.model, day).price for price in needed]
    assert [price and (price.model, logged_prices(price)) for price in found] == [
        (price.model, logged_prices(price)) for price in needed
    ]


def test_the_shipped_credit_rates_are_those_of_the_demo() -> None:
    (shipped,), (needed,) = (read_rates(file) for file in (SHIPPED / CREDIT_RATES.name, CREDIT_RATES))
    assert shipped.model_dump(exclude={"from_"}) == needed.model_dump(exclude={"from_"})


def test_the_shipped_limits_are_those_of_the_demo() -> None:
    assert read_limits(SHIPPED / LIMITS.name) == read_limits(LIMITS)


def test_the_shipped_plans_give_the_tenants_of_the_demo_the_credits_of_its_truth(tmp_path: Path) -> None:
    plan = Plan(small(tenants=12))
    write_reference(plan, tmp_path)
    shipped, needed = (
        load_tenants(Settings.load(reference_dir=folder)) for folder in (SHIPPED, tmp_path / "reference")
    )
    names = [tenant.name for tenant in plan.tenants]
    found, expected = ([terms(of, name, plan.simulation) for name in names] for of in (shipped, needed))
    assert found == expected
