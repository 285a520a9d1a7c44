"""`statement` and `close` as a user calls them: what a total leaves out stands beside it in every format."""

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from usage_pipeline.cli.app import app
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.costs.generic import call as line
from usage_pipeline_tests.costs.generic import price, write_format, write_prices
from usage_pipeline_tests.support import Landing, land_and_compute

Call = Callable[..., str]
COSTS = ("costs", "--group-by", "", "--from", "2026-05-30", "--to", "2026-05-31", "--tenant")
STATEMENT = ("statement", "--tenant", "acme", "--period", "2026-05")


def deploy(storage: Storage) -> Settings:
    """Ten tokens at 1 and four without a price on 30 May, and a tenant with searches; 31 May is missing."""
    landing, time = Landing(storage.settings.landing), "2026-05-30T08:00:00Z"
    searches = line("b", time, tenant="globex", tokens_in=2, web_searches=3)
    landing.write("calls", "2026-05-30", [line("a", time, tokens_in=14, tokens_cached=4), searches])
    land_and_compute(storage, "records", "rollups", "series", "costs", "credits")
    return storage.settings


@pytest.fixture(scope="module")
def settings(open_shared: Callable[..., Storage], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Those of a deployment whose last day is missing."""
    folder = tmp_path_factory.mktemp("billing")
    (folder / "reference").mkdir()
    write_prices(folder / "reference", price("one", 'input: "1"'))
    return deploy(open_shared(formats_dir=write_format(folder / "formats"), reference_dir=folder / "reference"))


def test_the_statement_ends_with_its_total_in_csv(call: Call) -> None:
    assert call(*STATEMENT, "--format", "csv").splitlines() == [
        "kind,day,model,token_class,quantity,unpriced_quantity,coverage,unpriced_fees,missing_days,amount",
        "usage,2026-05-30,m,cached_input,4,4,0.00,,,",
        "usage,2026-05-30,m,input,10,0,100.00,,,10.000000000000",
        "total,,,,14,4,71.42,0,1,10.000000000000",
    ]


def test_the_statement_ends_with_its_total_in_json(call: Call) -> None:
    *_, total = json.loads(call(*STATEMENT, "--format", "json"))
    assert total == {
        "kind": "total",
        "day": None,
        "model": None,
        "token_class": None,
        "quantity": 14,
        "unpriced_quantity": 4,
        "coverage": "71.42",
        "unpriced_fees": 0,
        "missing_days": 1,
        "amount": "10.000000000000",
    }


def test_the_statement_ends_with_its_total_in_the_table(call: Call) -> None:
    printed = call(*STATEMENT).splitlines()
    assert printed[0].strip() == "acme, 2026-05-01 to 2026-05-31, open"
    assert printed[-2].split() == ["total", "–", "–", "–", "14", "4", "71.42", "0", "1", "10.000000000000"]


def test_a_period_of_missing_days_has_no_total(call: Call) -> None:
    printed = call("statement", "--tenant", "acme", "--period", "2026-07", "--format", "csv")
    assert printed.splitlines()[1:] == ["total,,,,0,0,,0,31,"]


@pytest.mark.usefixtures("call")
@pytest.mark.parametrize("period", ["2026-5", "May", "2026-13", "2026-05-01"])
def test_a_period_is_a_month(period: str) -> None:
    ended = CliRunner().invoke(app, ["statement", "--tenant", "acme", "--period", period])
    assert ended.exit_code == 2
    told = " ".join(ended.stderr.replace("│", " ").split())
    assert f"expected a month, YYYY-MM, of the years 1970 to 2199, found '{period}'" in told


@pytest.mark.usefixtures("call")
def test_an_unknown_tenant_has_no_statement() -> None:
    ended = CliRunner().invoke(app, ["statement", "--tenant", "acne", "--period", "2026-05"])
    assert "There is no tenant 'acne'" in str(ended.exception)
    assert "did you mean 'acme'?" in str(ended.exception)


def test_costs_have_coverage_and_missing_days_in_every_format(call: Call) -> None:
    assert call(*COSTS, "acme", "--format", "csv").splitlines() == [
        "tokens,unpriced_tokens,coverage,fees,unpriced_requests,unpriced_tool_calls,fee_coverage,amount,missing_days",
        "14,4,71.42,0,0,0,,10.000000000000,1",
    ]
    (row,) = json.loads(call(*COSTS, "acme", "--format", "json"))
    assert (row["coverage"], row["fee_coverage"], row["amount"]) == ("71.42", None, "10.000000000000")
    assert call(*COSTS, "acme").splitlines()[-2].split() == ["14", "4", "71.42", "10.000000000000", "1"]


def test_a_table_of_costs_shows_fees_if_some_have_no_price(call: Call) -> None:
    assert call(*COSTS, "globex").splitlines()[-2].split() == [
        *("2", "0", "100.00", "3", "0", "3", "0.00", "2.000000000000", "1")
    ]


@pytest.mark.usefixtures("call")
def test_costs_warn_of_fees_without_a_price() -> None:
    warned = " ".join(CliRunner().invoke(app, [*COSTS, "globex"]).stderr.split())
    assert "3 of 3 fees have no price and are in no amount; fee_coverage is 0.00 %." in warned
