"""What people write in `plans.yaml` and `tenants.yaml`, and what is said of a broken entry."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.settings import Settings
from usage_pipeline.tenants.models import Tenants
from usage_pipeline.tenants.reference import load_tenants

Load = Callable[..., Tenants]
SHIPPED = Path(__file__).parents[2] / "data" / "reference"
PLANS = "free: {retention_days: 90}\ndefault: free\n"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads tenants from files with these contents."""

    def write_and_load(plans: str | None = PLANS, tenants: str | None = None) -> Tenants:
        for name, content in (("plans.yaml", plans), ("tenants.yaml", tenants)):
            if content is not None:
                (tmp_path / name).write_text(content, encoding="utf-8")
        return load_tenants(Settings.load(reference_dir=tmp_path, default_retention_days=30))

    return write_and_load


def test_the_shipped_files_load() -> None:
    tenants = load_tenants(Settings.load(reference_dir=SHIPPED))
    assert tenants.default_plan == "free"
    assert {name: plan.retention_days for name, plan in tenants.plans.items()} == {
        "free": 90,
        "pro": 365,
        "archive": None,
    }
    assert tenants.plan_of("acme", date(2025, 3, 12)) == "pro"


def test_without_files_everyone_keeps_the_default_retention(load: Load) -> None:
    tenants = load(plans=None)
    assert tenants.retention_start("anyone", date(2025, 3, 31)) == date(2025, 3, 1)


def test_an_empty_file_is_no_file(load: Load) -> None:
    assert load(plans="# nothing yet\n", tenants="").retention_start("anyone", date(2025, 3, 31)) == date(
        2025, 3, 1
    )


def test_a_plan_without_retention_has_the_default(load: Load) -> None:
    assert load(plans="basic: {}\ndefault: basic\n").plans["basic"].retention_days == 30


def test_a_retention_of_null_is_no_limit(load: Load) -> None:
    tenants = load(plans="archive: {retention_days: null}\ndefault: archive\n")
    assert tenants.retention_start("anyone", date(2025, 3, 31)) is None


def test_credits_are_exact(load: Load) -> None:
    plan = load(plans='free: {retention_days: 90, monthly_credits: "1000.10"}\ndefault: free\n').plans["free"]
    assert str(plan.monthly_credits) == "1000.10"


def test_a_directory_that_is_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ReferenceFileError, match=r"USAGE_REFERENCE_DIR=.*nowhere: there is no such directory"):
        load_tenants(Settings.load(reference_dir=tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("plans", "named"),
    [
        pytest.param("free: {retention_days: 0}\ndefault: free", ["free", "retention_days"], id="no days"),
        pytest.param("free: {retention_dayz: 9}\ndefault: free", ["free", "retention_dayz"], id="unknown field"),
        pytest.param("free: {monthly_credits: 0.1}\ndefault: free", ["monthly_credits", "in quotes"], id="float"),
        pytest.param("free: {}\nfree: {}\ndefault: free", ["'free' appears twice"], id="a name twice"),
        pytest.param("free: {retention_days: long}\ndefault: free", ["free", "retention_days"], id="no number"),
        pytest.param("free: 90\ndefault: free", ["free", "90"], id="no fields"),
        pytest.param("free: {retention_days: 90}", ["default", "None"], id="no default"),
        pytest.param("free: {retention_days: 90}\ndefault: gold", ["default", "gold"], id="unknown default"),
        pytest.param("free: {retention_days: 90}\ndefault: [free]", ["default", "free"], id="default is a list"),
        pytest.param("default: gold", ["default", "gold"], id="nothing but a default"),
        pytest.param("- free", ["entries by name"], id="a list"),
        pytest.param("free: {retention_days: 90", ["not valid YAML", "line"], id="broken YAML"),
        pytest.param(
            'free: {rollover: {min: "2", max: "1"}}', ["free: rollover", "min 2 is more than max 1"], id="rollover"
        ),
        pytest.param(
            'free: {monthly_credits: "1000000000000000"}', ["free: monthly_credits", "less than"], id="credits"
        ),
        pytest.param(
            "free: {since: 2025-02-30}\ndefault: free",
            ["not valid YAML", "day is out of range"],
            id="impossible date",
        ),
    ],
)
def test_a_broken_plan_is_an_error_that_names_file_entry_and_field(
    load: Load, tmp_path: Path, plans: str, named: list[str]
) -> None:
    with pytest.raises(ReferenceFileError) as error:
        load(plans=plans)
    assert [part for part in (str(tmp_path / "plans.yaml"), *named) if part not in str(error.value)] == []


@pytest.mark.parametrize(
    ("tenants", "named"),
    [
        pytest.param(
            "acme: {plans: [{from: 2025-01-01, plan: gold}]}", ["acme", "plans", "gold"], id="unknown plan"
        ),
        pytest.param(
            "acme: {plans: [{from: 2025-01-01, plan: free}, {from: 2025-01-01, plan: free}]}",
            ["acme", "plans", "same day"],
            id="two plans on one day",
        ),
        pytest.param("acme: {plans: [{plan: free}]}", ["acme", "plans.0.from"], id="no date"),
        pytest.param(
            "acme: {plans: [{from: soon, plan: free}]}", ["acme", "plans.0.from", "soon"], id="no such date"
        ),
        pytest.param(
            "acme: {plans: [{from: 2025-02-30, plan: free}]}",
            ["not valid YAML", "day is out of range"],
            id="impossible date",
        ),
        pytest.param(
            "acme: {plans: [{from: 2025-01-01, plan: free, to: 2025-02-01}]}",
            ["acme", "plans.0.to"],
            id="unknown field of a plan",
        ),
        pytest.param("acme: free", ["acme", "free"], id="no fields"),
        pytest.param("17: {}", ["entries by name"], id="a name that is a number"),
        pytest.param("acme: [", ["not valid YAML"], id="broken YAML"),
    ],
)
def test_a_broken_tenant_is_an_error_that_names_file_entry_and_field(
    load: Load, tmp_path: Path, tenants: str, named: list[str]
) -> None:
    with pytest.raises(ReferenceFileError) as error:
        load(tenants=tenants)
    assert [part for part in (str(tmp_path / "tenants.yaml"), *named) if part not in str(error.value)] == []


def test_a_file_that_is_not_utf8_is_an_error_that_names_it(load: Load, tmp_path: Path) -> None:
    (tmp_path / "tenants.yaml").write_bytes(b"acme: {name: \xff}\n")
    with pytest.raises(ReferenceFileError, match=r"tenants\.yaml: not valid YAML"):
        load()
