"""Every check in every situation that is no fault of its table: it fails only where somebody has to act."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import cache

import pytest

from usage_pipeline.events.landing.decisions import release, withdraw
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.checking import EVALUATIONS, check_days, validate_days
from usage_pipeline.validation.checks import DAY_CHECKS, LANDING_CHECKS, TOTALS_CHECKS
from usage_pipeline.validation.results import CheckResult, Outcome
from usage_pipeline.validation.suite_files import load_suites
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.support import Landing, prompt

Evaluate = Callable[..., list[CheckResult]]
GOOD, HALF_GOOD, BAD, WITHDRAWN, RELEASED, VANISHED, EMPTY_FILE, ONE_REJECT, EARLIER = (
    date(2026, 5, day) for day in range(4, 13)
)
TODAY, FUTURE, BEFORE = NOW.date(), date(2026, 6, 5), date(2026, 4, 1)

NAMES = {
    GOOD: "good",
    HALF_GOOD: "half good and quarantined",
    BAD: "quarantined",
    WITHDRAWN: "withdrawn, and landed again",
    RELEASED: "released",
    VANISHED: "vanished",
    EMPTY_FILE: "empty file",
    ONE_REJECT: "one rejected line of a thousand",
    EARLIER: "only lines of the day before",
    TODAY: "today",
    FUTURE: "future",
    BEFORE: "before the first landing",
}

FAILED: dict[date, dict[str, Outcome]] = {
    HALF_GOOD: {"files_are_usable": Outcome.WARNING, "something_landed": Outcome.WARNING},
    BAD: {"files_are_usable": Outcome.WARNING, "something_landed": Outcome.WARNING},
    RELEASED: {"files_are_usable": Outcome.WARNING, "few_lines_are_rejected": Outcome.WARNING},
    WITHDRAWN: {"something_landed": Outcome.WARNING},
    EMPTY_FILE: {"something_landed": Outcome.WARNING},
}
"""The checks that fail, by situation; in all others none does."""


def lines(day: date, good: int, rejected: int = 0) -> list[dict[str, object] | str]:
    prompts = [
        prompt(f"{day}-{number}", f"{day}T00:00:00Z", modelName="gpt-4.1-mini", conversationId=f"c{day}")
        for number in range(good)
    ]
    return [*prompts, *["no JSON"] * rejected]


@pytest.fixture(scope="module")
def storage(open_shared: Callable[..., Storage]) -> Storage:
    """All situations, each on a day of its own."""
    storage = open_shared()
    landing = Landing(storage.settings.landing)
    for day in (GOOD, WITHDRAWN, VANISHED, TODAY):
        landing.write("persona", str(day), lines(day, 3))
    for day in (HALF_GOOD, RELEASED):
        landing.write("persona", str(day), lines(day, 120, 30))
    landing.write("persona", str(BAD), lines(BAD, 0, 150))
    landing.write("persona", str(EMPTY_FILE), [])
    landing.write("persona", str(ONE_REJECT), lines(ONE_REJECT, 999, 1))
    landing.write("persona", str(EARLIER), lines(ONE_REJECT, 1000)[-1:])
    refresh(storage, PlainRunner(storage))
    PlainRunner(storage).compute([table.name for table in DAILY_TABLES], [EARLIER])
    release(storage, f"persona/{RELEASED}/events.jsonl", "it is as good as it gets", "test")
    withdraw(storage, f"persona/{WITHDRAWN}/events.jsonl", "it was a test", "test")
    (landing.root / f"persona/{VANISHED}/events.jsonl").unlink()
    PlainRunner(storage).land([WITHDRAWN])
    refresh(storage, PlainRunner(storage))
    return storage


@pytest.fixture(scope="module")
def evaluate(storage: Storage) -> Evaluate:
    """Gives the results of all checks on some days, evaluated together once."""

    @cache
    def evaluated(*days: date) -> list[CheckResult]:
        suites = load_suites(storage.settings).values()
        return [
            *check_days(storage, [*LANDING_CHECKS, *DAY_CHECKS], days, "test"),
            *(result for suite in suites for result in validate_days(storage, suite, days, "test")),
        ]

    return evaluated


@pytest.mark.parametrize("day", NAMES, ids=NAMES.get)
def test_only_what_somebody_has_to_act_on_fails(evaluate: Evaluate, day: date) -> None:
    failed = {result.check_name: result.outcome for result in evaluate(day) if result.failed}
    assert failed == FAILED.get(day, {})


def test_every_check_is_evaluated_and_every_evaluation_is_of_a_check() -> None:
    assert {*EVALUATIONS, *TOTALS_CHECKS} == {*LANDING_CHECKS, *DAY_CHECKS}


def test_together_the_days_have_the_results_of_each_alone(evaluate: Evaluate) -> None:
    def by_key(results: Sequence[CheckResult]) -> dict[tuple[str, str, date], CheckResult]:
        return {(result.table_name, result.check_name, result.day): result for result in results}

    alone = [result for day in NAMES for result in evaluate(day)]
    assert by_key(evaluate(*NAMES)) == by_key(alone)


@pytest.mark.parametrize("day", [FUTURE, BEFORE], ids=NAMES.get)
def test_a_day_that_is_not_there_has_nothing_to_compare(evaluate: Evaluate, day: date) -> None:
    assert {result.outcome for result in evaluate(day)} == {Outcome.NOT_EVALUATED}


def test_the_costs_of_today_are_compared_and_its_tokens_are_counted(evaluate: Evaluate) -> None:
    found = {result.check_name: (result.outcome, result.in_words) for result in evaluate(TODAY)}
    assert found["costs_add_up"] == (Outcome.PASSED, "0 of 10 sums differ")
    assert found["tokens_are_priced"] == (
        Outcome.PASSED,
        "0 of 360 tokens have no price, 0 of them because they are not split",
    )


def test_an_id_without_a_neighbour_a_void_and_a_reported_cost_have_nothing_to_compare(evaluate: Evaluate) -> None:
    found = {result.check_name for result in evaluate(GOOD) if result.outcome is Outcome.NOT_EVALUATED}
    assert found == {
        "voids_have_targets",
        "reported_costs_are_plausible",
        "totals_are_input_plus_output",
        "as_much_as_usual",
        "models_are_known",
    }


def test_rejected_lines_below_the_alarm_are_in_the_details(evaluate: Evaluate) -> None:
    found = next(r for r in evaluate(ONE_REJECT) if r.check_name == "files_are_usable")
    assert (found.outcome, found.numbers["lines_rejected"]) == (Outcome.PASSED, 1)
    assert found.details == [
        {
            "file": f"persona/{ONE_REJECT}/events.jsonl",
            "problem": "malformed_json, first in line 1000",
            "lines": 1,
        }
    ]


def test_the_numbers_of_a_day_are_numbers(evaluate: Evaluate) -> None:
    found = next(r for r in evaluate(HALF_GOOD) if r.check_name == "files_are_usable")
    assert found.numbers == {
        "files": 1,
        "files_counting_nowhere": 1,
        "files_rejecting_more": 0,
        "entries_passed_over": 0,
        "lines": 150,
        "lines_rejected": 30,
    }
