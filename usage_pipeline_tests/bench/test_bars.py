"""The bars: what is held against which limit, and when it passes."""

from dataclasses import replace

from bench.bars import Bar, validate
from bench.results import Failed, Results
from bench.sections import Case
from usage_pipeline_tests.bench.support import answering, measured, results, serving


def only_bar(found: Results, earlier: Results | None = None) -> Bar:
    (bar,) = (bar for bar in validate(found, earlier) if not bar.name.startswith("Peak memory"))
    return bar


def peaks(found: Results) -> list[tuple[str, str, bool]]:
    return [(bar.name, bar.found, bar.passed) for bar in validate(found) if bar.name.startswith("Peak memory")]


def test_main_job_is_held_against_the_fastest_raw_conversion() -> None:
    found = results(measured("day", "duckdb", 5.0), measured("day", "polars", 4.0), measured("day", "main", 18.0))
    assert only_bar(found) == Bar(
        "Main job to fastest raw conversion", "at most 4.50 times", "4.50 times", passed=True
    )


def test_more_than_four_and_a_half_times_the_fastest_raw_conversion_fails() -> None:
    assert not only_bar(results(measured("day", "duckdb", 4.0), measured("day", "main", 18.1))).passed


def test_pandas_script_must_take_four_times_as_long() -> None:
    pandas = measured("day", "pandas", 80.0)
    assert only_bar(results(pandas, measured("day", "main", 20.0))).passed
    assert not only_bar(results(pandas, measured("day", "main", 20.1))).passed


def test_earlier_days_may_cost_a_fifth() -> None:
    day = measured("day", "main", 10.0)
    assert only_bar(results(day, measured("history", "main", 12.0))).passed
    assert not only_bar(results(day, measured("history", "main", 12.1))).passed


def test_medians_are_compared_and_not_the_fastest_runs() -> None:
    found = results(measured("day", "main", 10.0, 10.0, 1.0), measured("history", "main", 11.0, 30.0, 11.0))
    assert only_bar(found).found == "10%"


def test_peak_memory_is_that_of_the_hungriest_run_with_its_database() -> None:
    assert peaks(results(measured("day", "main", 10.0, gigabytes=1.75))) == [
        ("Peak memory at 4 million events", "1.75 GB", True)
    ]


def test_four_times_the_day_may_take_three_gigabytes_and_the_day_two() -> None:
    large = {"events": 16_000_000, "gigabytes": 2.5}
    found = results(measured("day", "main", 10.0, gigabytes=2.5), measured("fourfold", "main", 40.0, **large))
    assert [passed for _, _, passed in peaks(found)] == [False, True]


def test_an_event_may_cost_a_fifth_more_on_a_day_four_times_as_large() -> None:
    day = measured("day", "main", 10.0)
    assert only_bar(results(day, measured("fourfold", "main", 48.0, events=16_000_000))).passed
    assert not only_bar(results(day, measured("fourfold", "main", 48.1, events=16_000_000))).passed


def test_dagster_may_add_ten_seconds() -> None:
    day = measured("day", "costed", 10.0)
    assert only_bar(results(day, measured("day", "dagster", 20.0))).passed
    assert not only_bar(results(day, measured("day", "dagster", 20.1))).passed


def test_rating_must_do_a_million_records_a_second_and_add_at_most_thirty_percent() -> None:
    def bars(rating: float, costed: float) -> list[tuple[str, str, bool]]:
        day = (measured("day", "main", 10.0), measured("day", "costed", costed))
        found = validate(results(*day, measured("rated", "rating", rating)))
        return [(bar.name, bar.found, bar.passed) for bar in found if not bar.name.startswith("Peak memory")]

    assert bars(3.0, 13.0) == [
        ("Records rated a second", "1,333,333", True),
        ("Rating adds to the main job", "30%", True),
    ]
    assert [passed for _, _, passed in bars(4.1, 13.1)] == [False, False]


def test_backfill_may_take_twenty_five_seconds() -> None:
    assert only_bar(results(measured("backfill", "backfill", 25.0))).passed
    assert not only_bar(results(measured("backfill", "backfill", 25.1))).passed


def validation_bars(validated: float, checked: float, gigabytes: float = 1.0) -> dict[str, bool]:
    """Which bars pass where the main job takes 10 s and the import 4 s; the last without the memory of the day."""
    found = validate(
        results(
            measured("day", "costed", 10.0, gigabytes=1.0),
            measured("day", "imported", 14.0),
            measured("day", "validated", validated, gigabytes=gigabytes),
            measured("day", "checked", checked),
        )
    )
    return {bar.name: bar.passed for bar in found if "alidation" in bar.name}


def test_validation_may_take_six_seconds_after_its_import_and_dagster_ten_with_it() -> None:
    names = (
        "Validation after its import",
        "Validation adds to peak memory",
        "Dagster with validation adds to the day",
    )
    assert validation_bars(20.0, 24.0, 1.5) == dict.fromkeys(names, True)
    assert validation_bars(20.1, 24.1, 1.51) == dict.fromkeys(names, False)


def test_medians_of_two_runs_must_agree_within_the_larger_noise() -> None:
    quiet, noisy = measured("day", "duckdb", 4.0, 4.0, 4.0), measured("day", "duckdb", 4.2, 4.4, 4.6)
    assert only_bar(results(noisy), results(quiet)) == Bar(
        "Medians of two runs apart, most for duckdb on day", "at most 9.1%", "10.0%", passed=False
    )


def test_a_case_that_failed_is_a_bar_that_failed() -> None:
    failed = Failed(Case("text", "main"), 4_000_000)
    assert validate(replace(results(), failed=(failed,))) == [
        Bar("main on text ends, with the right numbers", "yes", "no", passed=False)
    ]


SMALL = (
    *(("aider", "run", 25.0), ("empty", "demo", 30.0), ("empty", "help", 0.2)),
    *(("demo", "series", 0.6), ("demo", "usage", 0.6), ("demo", "idle", 1.0)),
)
"""Processor seconds that just pass where the unit takes half of one."""


def small(more: float) -> list[tuple[str, str, bool]]:
    entries = [measured(dataset, subject, seconds + more) for dataset, subject, seconds in SMALL]
    found = validate(results(measured("empty", "unit", 0.5), *entries))
    return [(bar.limit, bar.found, bar.passed) for bar in found]


def test_small_days_and_commands_may_cost_so_many_units() -> None:
    assert small(0.0) == [
        ("at most 50.00 units", "50.00 units", True),
        ("at most 60.00 units", "60.00 units", True),
        ("at most 0.40 units", "0.40 units", True),
        ("at most 1.20 units", "1.20 units", True),
        ("at most 1.20 units", "1.20 units", True),
        ("at most 2.00 units", "2.00 units", True),
    ]
    assert [passed for _, _, passed in small(0.01)] == [False] * 6


def test_the_bar_of_a_command_names_it() -> None:
    found = results(measured("empty", "unit", 0.5), measured("demo", "idle", 0.5))
    assert only_bar(found).name == "Cost of `run` with nothing to do"


def list_bars(more: float) -> list[tuple[str, str, str, bool]]:
    found = validate(
        results(
            answering("first_pages", (9.0, 1.0), (9.0, 100.0 + more), (9.0, 200.0), gigabytes=0.85 + more),
            answering("conversations", (9.0, 400.0 + more)),
            answering("deep_pages", (9.0, (100.0 + more) * 1.2 + more)),
        )
    )
    return [(bar.name, bar.limit, bar.found, bar.passed) for bar in found]


def test_pages_may_take_so_long_wherever_they_are_in_a_list_and_so_much_memory() -> None:
    assert list_bars(0.0) == [
        ("99 % of first pages", "at most 100 ms", "100 ms", True),
        ("99 % of pages of a conversation", "at most 400 ms", "400 ms", True),
        ("Pages deep in a list slower than the first", "at most 20%", "20%", True),
        ("Peak memory of first pages", "at most 600 MB", "600 MB", True),
        ("Peak memory of pages of a conversation", "at most 600 MB", "250 MB", True),
        ("Peak memory of pages from the fortieth on", "at most 600 MB", "250 MB", True),
    ]
    assert [passed for *_, passed in list_bars(0.1)] == [False, False, False, False, True, True]


def test_answers_under_load_may_take_so_long_and_the_server_so_much_memory() -> None:
    found = validate(results(serving(30.0, 100.0, 400.1, 120.0, gigabytes=0.86)))
    assert [(bar.name, bar.limit, bar.found, bar.passed) for bar in found] == [
        ("99 % of answers under load, series of 90 days", "at most 30 ms", "30 ms", True),
        ("99 % of answers under load, first page of the list", "at most 100 ms", "100 ms", True),
        ("99 % of answers under load, page of a conversation", "at most 400 ms", "400 ms", False),
        ("Deep pages slower than the first under load", "at most 20%", "20%", True),
        ("Peak memory of the server under load", "at most 600 MB", "610 MB", False),
    ]


def test_without_the_unit_there_is_no_bar_of_a_command() -> None:
    assert validate(results(measured("demo", "idle", 9.0))) == []


def test_two_runs_are_not_compared_by_what_is_over_too_soon_for_a_clock() -> None:
    unit = measured("empty", "unit", 0.5)
    assert validate(results(unit), results(measured("empty", "unit", 5.0))) == []


def test_what_was_not_measured_has_no_bar() -> None:
    assert validate(results(measured("day", "duckdb", 4.0))) == []
