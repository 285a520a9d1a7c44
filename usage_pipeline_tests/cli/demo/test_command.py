"""The command `demo`, through Dagster, on small logs that are there already."""

import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from usage_pipeline.errors import UsagePipelineError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.cli.conftest import invoke, work_on

Call = Callable[..., str]


@dataclass(frozen=True)
class Shown:
    """A deployment on which the demo has been, and what it printed for the first time."""

    settings: Settings
    dagster_url: str
    printed: str


@pytest.fixture(scope="module")
def shown(open_shared: Callable[..., Storage], new_dagster_database: Callable[[], str], simulated: Path) -> Shown:
    """The demo's first run, on the logs of an earlier one."""
    settings, dagster_url = open_shared().settings, new_dagster_database()
    shutil.copytree(simulated, settings.data_dir, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as monkeypatch:
        work_on(settings, dagster_url, monkeypatch)
        return Shown(settings, dagster_url, invoke("demo"))


@pytest.fixture
def call(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls a command where the demo has been."""
    work_on(shown.settings, shown.dagster_url, monkeypatch)
    return invoke


def test_all_totals_are_those_of_the_truth_and_all_commands_that_are_named_next_work(
    call: Call, shown: Shown
) -> None:
    assert re.search(r"^Equal to truth.json: [\d,]+ totals compared\.$", shown.printed, re.MULTILINE)
    named = re.findall(r"^ usage-pipeline (.*)$", shown.printed, re.MULTILINE)
    commands = [shlex.split(command)[0] for command in named]
    assert commands == ["rejects", "usage", "series", "credits", "explain", "report"]
    for command in named:
        assert call(*shlex.split(command))


def test_run_again_it_says_the_same(call: Call, shown: Shown) -> None:
    assert call("demo") == shown.printed


@pytest.fixture
def one_more_late(shown: Shown) -> Iterator[None]:
    """The truth tells of one more late record, for as long as the test takes."""
    truth = shown.settings.data_dir / "truth.json"
    text = truth.read_text()
    changed = text.replace('"late": 0', '"late": 1', 1)
    assert changed != text
    truth.write_text(changed)
    yield
    truth.write_text(text)


@pytest.mark.usefixtures("one_more_late")
def test_a_total_that_differs_is_an_error_that_names_it(call: Call) -> None:
    with pytest.raises(UsagePipelineError) as error:
        call("demo")
    assert re.fullmatch(
        r"1 total of the logs differs from .*/truth\.json:\n"
        r"  days 2026-05-\d\d late_records: expected \d+, found \d+\n"
        r"Somebody may have landed, withdrawn, granted or edited something else there\. .*",
        str(error.value),
    )


def test_settings_that_change_what_is_counted_are_named_where_totals_differ(
    earlier: Path, settings: Settings, new_dagster_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert earlier == settings.data_dir
    work_on(settings, new_dagster_database(), monkeypatch)
    monkeypatch.setenv("USAGE_FIRST_DAY", "2026-05-30")
    with pytest.raises(UsagePipelineError, match=r"\n  and [\d,]+ more\nUSAGE_FIRST_DAY may be why"):
        invoke("demo")
