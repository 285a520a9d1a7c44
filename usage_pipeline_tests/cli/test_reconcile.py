"""`reconcile` as a user calls it: exit codes, formats, days and warnings."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from usage_pipeline.cli.app import app
from usage_pipeline.errors import ProviderFileError, QueryError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.reconcile.exports import openai_bucket, openai_cost, openai_usage, page, write
from usage_pipeline_tests.support import Landing, prompt

Call = Callable[..., str]
CSV = ("--format", "csv")
HEAD = "day,model,measure,ours,theirs,difference,drift,status\n"


def write_two_days(landing: Landing) -> None:
    """100 tokens in and 20 out on 1 and 2 May, of gpt-4o, and of a model that nobody knows on 2 May."""
    for day in ("2026-05-01", "2026-05-02"):
        landing.write("persona", day, [prompt(day, f"{day}T09:00:00Z", modelName="gpt-4o")])
    landing.write(
        "persona", "2026-05-02", [prompt("m", "2026-05-02T10:00:00Z", modelName="odd")], name="odd.jsonl"
    )


@pytest.fixture(scope="module")
def settings(deploy: Callable[..., Storage]) -> Settings:
    """Those of a deployment that has metered two days."""
    return deploy(write_two_days).settings


def reconcile(file: Path, *arguments: str) -> tuple[str, ...]:
    return ("reconcile", "--provider", "openai", "--file", str(file), *arguments)


@pytest.fixture
def usage(tmp_path: Path) -> Path:
    """Matches on 1 May; on 2 May 40 tokens out."""
    buckets = openai_bucket([openai_usage()]), openai_bucket([openai_usage(output_tokens=40)], day=2)
    return write(tmp_path, page(*buckets))


def test_all_matched_ends_with_0(call: Call, usage: Path) -> None:
    assert call(*reconcile(usage, "--to", "2026-05-01", *CSV)) == (
        HEAD + "2026-05-01,gpt-4o,input,100,100,0,0.000000,matched\n"
        "2026-05-01,gpt-4o,output,20,20,0,0.000000,matched\n"
    )


def test_a_difference_ends_with_3(call: Call, usage: Path) -> None:
    assert call(*reconcile(usage, "--from", "2026-05-02", *CSV), exit_code=3) == (
        HEAD + "2026-05-02,gpt-4o,input,100,100,0,0.000000,matched\n"
        "2026-05-02,gpt-4o,output,20,40,-20,-50.000000,different\n"
    )


def test_a_difference_within_the_tolerance_ends_with_0(call: Call, usage: Path) -> None:
    assert call(*reconcile(usage, "--tolerance", "50", *CSV)).count("matched") == 4


def test_amounts_are_texts_in_json(call: Call, tmp_path: Path) -> None:
    file = write(tmp_path, page(openai_bucket([openai_cost(0.00045, "gpt-4o, input")])))
    assert json.loads(call(*reconcile(file, "--format", "json"))) == [
        {
            "day": "2026-05-01",
            "model": "gpt-4o",
            "measure": "amount",
            "ours": "0.000450000000",
            "theirs": "0.00045",
            "difference": "0.000000000000",
            "drift": "0.000000",
            "status": "matched",
        }
    ]


def test_the_table_names_what_is_compared(call: Call, usage: Path) -> None:
    printed = call(*reconcile(usage, "--to", "2026-05-01"))
    assert printed.splitlines()[0].strip() == "Tokens of openai, 2026-05-01 to 2026-05-01"


@pytest.mark.usefixtures("call")
def test_what_is_not_compared_is_told(tmp_path: Path) -> None:
    buckets = openai_bucket([openai_usage()], day=2), openai_bucket([], day=3, hours=(0, 6))
    file = write(tmp_path, page(*buckets, has_more=True))
    assert CliRunner().invoke(app, [*reconcile(file)]).stderr.splitlines() == [
        "Warning: The file has only parts of 2026-05-03; not compared.",
        "Warning: The provider has more pages (has_more), so the file is not complete.",
        (
            "Warning: 120 tokens of ours are of models without a known provider, and are not compared: odd. "
            "Add aliases with a provider to prices.yaml."
        ),
    ]


def test_days_that_the_file_does_not_have_are_a_wrong_call(call: Call, usage: Path) -> None:
    with pytest.raises(QueryError, match=r"it has no day from midnight to midnight UTC that is asked for\.$"):
        call(*reconcile(usage, "--from", "2026-05-03"))


def test_a_broken_file_is_an_error(call: Call, tmp_path: Path) -> None:
    with pytest.raises(ProviderFileError, match=r"usage\.json: data: expected a list, found no such field\.$"):
        call(*reconcile(write(tmp_path, {})))


@pytest.mark.parametrize("tolerance", ["-1", "NaN", "much"])
def test_a_tolerance_is_a_percentage(call: Call, usage: Path, tolerance: str) -> None:
    call(*reconcile(usage, f"--tolerance={tolerance}"), exit_code=2)
