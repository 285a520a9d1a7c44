"""What `limits.yaml` may hold, and what is told of anything else."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.limits.limit_file import Limit, Scope, in_force, read_limits
from usage_pipeline.limits.limited import SCOPED
from usage_pipeline.limits.periods import Period, PeriodKind
from usage_pipeline_tests.support import shared

KEYS = {"id": "one", "tenant": "acme", "metric": "tokens_total", "period": "day", "amount": '"100"'}


def entry(**keys: str | None) -> str:
    """An entry with these keys changed, or left out where they are None; `from_` is `from`."""
    written = {name.rstrip("_"): value for name, value in {**KEYS, **keys}.items() if value is not None}
    return "- {" + ", ".join(f"{name}: {value}" for name, value in written.items()) + "}\n"


def read(folder: Path, text: str) -> tuple[Limit, ...]:
    file = folder / "limits.yaml"
    file.write_text(text)
    return read_limits(file)


def test_the_shared_example_is_read() -> None:
    of_credits, of_members = read_limits(shared("reference", "limits.yaml"))
    assert (of_credits.period, of_credits.action, of_credits.channels) == (
        Period(PeriodKind.BILLING),
        "block",
        ("email",),
    )
    assert of_members.scope.values == {"member_id": "*"}
    assert (of_members.amount, of_members.thresholds) == (Decimal(2_000_000), (80, 100))


def test_the_shipped_file_is_read() -> None:
    found = read_limits(Path(__file__).parents[2] / "data" / "reference" / "limits.yaml")
    assert [limit.id for limit in found] == ["tenant-01-cost", "tenant-02-tokens", "prompts-a-day"]


def test_a_limit_is_restricted_by_the_dimensions_that_tables_have_columns_for() -> None:
    assert tuple(Scope.model_fields) == SCOPED


def test_what_is_not_written_has_a_default(tmp_path: Path) -> None:
    (found,) = read(tmp_path, entry())
    assert (found.scope.values, found.thresholds, found.action, found.channels) == ({}, (50, 80, 100), "alert", ())


def test_quiet_hours_and_a_rolling_period_are_read(tmp_path: Path) -> None:
    written = entry(period="{rolling_days: 30}", quiet_hours='{from: "22:00", to: "07:30"}')
    (found,) = read(tmp_path, written)
    assert found.quiet_hours is not None
    assert (found.quiet_hours.from_, found.quiet_hours.to) == (1320, 450)
    assert str(found.period) == "rolling 30 days"


def test_without_a_file_there_are_no_limits(tmp_path: Path) -> None:
    assert read_limits(tmp_path / "limits.yaml") == ()


@pytest.mark.parametrize(("day", "amounts"), [(9, [100]), (10, [200]), (11, [200, 5]), (20, [300, 5])])
def test_the_last_version_that_has_begun_is_in_force(tmp_path: Path, day: int, amounts: list[int]) -> None:
    limits = read(
        tmp_path,
        entry()
        + entry(from_="2026-05-20", amount='"300"')
        + entry(from_="2026-05-10", amount='"200"')
        + entry(id="two", from_="2026-05-11", amount='"5"'),
    )
    assert [limit.amount for limit in in_force(limits, date(2026, 5, day))] == amounts


def test_a_version_is_the_same_whatever_was_asked_of_the_limit_before(tmp_path: Path) -> None:
    text = entry(scope='{member_id: "*"}')
    (one,), (other,) = read(tmp_path, text), read(tmp_path, f"{text}\n")
    assert other.scope.values == {"member_id": "*"}
    assert (one.version, other.version) == ("dcca259f9693a9ef2a7ca909bd9f4ab4",) * 2


def test_a_version_changes_with_what_is_measured_and_not_with_who_is_told(tmp_path: Path) -> None:
    one, same, other = (
        read(tmp_path, text)[0]
        for text in (entry(), entry(channels="[email]", amount='"100.0"'), entry(amount='"101"'))
    )
    assert one.version == same.version != other.version


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("one: {}", "expected a list of entries"),
        (entry(id=None), "entry 1: id: it is missing."),
        (entry(tenants="acme"), "one: tenants: there is no such key; did you mean 'tenant'"),
        (
            entry(metric="token_total"),
            "one: metric: there is no metric 'token_total'; did you mean 'tokens_total'",
        ),
        (entry(metric="latency"), "one: metric: there is no metric 'latency'; expected one of records, requests,"),
        (
            entry(period="year"),
            "one: period: expected day, week, month, billing or {rolling_days: N} with N from 1",
        ),
        (
            entry(period="{rolling_days: 0}"),
            "one: period: expected day, week, month, billing or {rolling_days: N}",
        ),
        (entry(amount="100"), 'one: amount: expected a decimal number in quotes, such as "99.50".'),
        (entry(amount='"0"'), "one: amount: expected an amount above 0, with at most 12 decimals and 24 digits."),
        (entry(amount='"1e-13"'), "one: amount: expected an amount above 0, with at most 12 decimals"),
        (entry(scope="{team: red}"), "one: scope.team: there is no such key"),
        (entry(scope="{model: 4}"), "one: scope.model: expected a text, found 4."),
        (entry(thresholds="[]"), "one: thresholds: expected a list that is not empty, found []."),
        (
            entry(thresholds="[80, 80]"),
            "one: thresholds: expected different percents, whole numbers from 1 to 1000.",
        ),
        (
            entry(thresholds="[0, 80]"),
            "one: thresholds: expected different percents, whole numbers from 1 to 1000.",
        ),
        (entry(action="stop"), "one: action: expected 'alert' or 'block', found 'stop'."),
        (entry(quiet_hours="{from: 22:00, to: 07:00}"), "one: quiet_hours.from: expected a time of day in quotes"),
        (entry(from_="soon"), "one from soon: from: expected a day, YYYY-MM-DD, found 'soon'."),
        (entry() + entry(), "one: from: two entries with this id begin on the same day."),
        (
            entry() + entry(tenant="globex", from_="2026-05-01"),
            "one: entries with one id are versions of one limit, and these differ in what they",
        ),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ReferenceFileError) as error:
        read(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path / 'limits.yaml'}: ")
    assert told in str(error.value)
