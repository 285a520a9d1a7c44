"""The command `demo`, through Dagster, on small logs that are there already."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from usage_pipeline.errors import UsagePipelineError

Call = Callable[..., str]


@pytest.mark.usefixtures("earlier")
def test_all_totals_are_those_of_the_truth_and_all_commands_that_are_named_next_work(call: Call) -> None:
    printed = call("demo")
    assert re.search(r"^Equal to truth.json: \d{3} totals compared\.$", printed, re.MULTILINE)
    named = re.findall(r"^ usage-pipeline (.*)$", printed, re.MULTILINE)
    assert [shlex.split(command)[0] for command in named] == ["rejects", "usage", "series", "explain"]
    for command in named:
        assert call(*shlex.split(command))


@pytest.mark.usefixtures("earlier")
def test_run_again_it_says_the_same(call: Call) -> None:
    assert call("demo") == call("demo")


def test_a_total_that_differs_is_an_error_that_names_it(call: Call, earlier: Path) -> None:
    truth = earlier / "truth.json"
    text = truth.read_text()
    changed = text.replace('"late": 0', '"late": 1', 1)
    assert changed != text
    truth.write_text(changed)
    with pytest.raises(UsagePipelineError) as error:
        call("demo")
    assert re.fullmatch(
        r"1 total of the logs differs from .*/truth\.json:\n"
        r"  days 2026-05-\d\d late_records: expected \d+, found \d+\n"
        r"Somebody may have landed, withdrawn or edited something else there\. .*",
        str(error.value),
    )


def test_settings_that_change_what_is_counted_are_named_where_totals_differ(
    call: Call, earlier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert earlier.exists()
    monkeypatch.setenv("USAGE_FIRST_DAY", "2026-05-30")
    with pytest.raises(UsagePipelineError, match=r"\n  and [\d,]+ more\nUSAGE_FIRST_DAY may be why"):
        call("demo")
