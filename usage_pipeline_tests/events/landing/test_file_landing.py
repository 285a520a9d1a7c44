"""A file as a whole: its lines are accounted for, it is identified, quarantined or failed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from usage_pipeline.events.landing.land import land_days
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, files, prompt, reject_reasons, rows

Run = Callable[[], object]
Land = Callable[[str], None]
TIME = "2026-05-01T08:00:00Z"
HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens"
some_examples = hypothesis_settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

JSON_KINDS = {
    "accepted": '{"event":"exit","properties":{},"user_id":"u","time":1777622400}',
    "rejected": '{"event":"entrance","user_id":"u","time":1777622400}',
    "broken": '{"event":',
    "blank": "  ",
}


def ten_files(kinds: Iterable[str], ends: Sequence[str]) -> st.SearchStrategy[list[tuple[list[str], str]]]:
    """Files that land together: the kinds of their lines, and their ends."""
    lines = st.lists(st.sampled_from(sorted(kinds)), max_size=60)
    return st.lists(st.tuples(lines, st.sampled_from(ends)), min_size=10, max_size=10)


@some_examples
@given(written=ten_files(JSON_KINDS, ["", "\n"]))
def test_every_line_of_json_is_blank_accepted_or_rejected(
    storage: Storage, landing: Landing, land: Land, written: list[tuple[list[str], str]]
) -> None:
    for number, (kinds, last_end) in enumerate(written):
        text = "\n".join(JSON_KINDS[kind] for kind in [*kinds, "accepted"]) + last_end
        landing.write_bytes("aider", "2026-05-01", text.encode(), tenant="acme", name=f"{number}.jsonl")
    land("2026-05-01")
    landed = files(storage)
    for number, (kinds, _) in enumerate(written):
        file = landed[f"{number}.jsonl"]
        assert (file.lines, file.header, file.continuation, file.blank, file.accepted, file.rejected) == (
            len(kinds) + 1,
            0,
            0,
            kinds.count("blank"),
            kinds.count("accepted") + 1,
            kinds.count("rejected") + kinds.count("broken"),
        )


CSV_KINDS = {
    "accepted": f"{TIME},1,2,",
    "two lines": f'{TIME},1,2,"a\nb"',
    "four lines": f'{TIME},1,2,"a\n\n""b""\n"',
    "rejected": f"{TIME},1.5,2,",
    "rejected, two lines": f'{TIME},"\n",2,',
    "short": f"{TIME},1",
    "blank": "",
}


@some_examples
@given(written=ten_files(CSV_KINDS, ["\n", "\r\n"]))
def test_every_line_of_csv_is_header_continuation_blank_accepted_or_rejected(
    storage: Storage, landing: Landing, land: Land, written: list[tuple[list[str], str]]
) -> None:
    texts = [
        "".join(f"{line}{end}" for line in [f"{HEADER},note", *(CSV_KINDS[kind] for kind in kinds)])
        for kinds, end in written
    ]
    for number, text in enumerate(texts):
        landing.write_bytes("azure_llm", "2026-05-01", text.encode(), tenant="acme", name=f"{number}.csv")
    land("2026-05-01")
    landed = files(storage)
    for number, (kinds, _) in enumerate(written):
        file, count = landed[f"{number}.csv"], kinds.count
        assert (file.lines, file.header, file.continuation, file.blank, file.accepted, file.rejected) == (
            texts[number].count("\n"),
            1,
            count("two lines") + count("rejected, two lines") + 3 * count("four lines"),
            count("blank"),
            count("accepted") + count("two lines") + count("four lines"),
            count("rejected") + count("rejected, two lines") + count("short"),
        )


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"])
def test_a_file_lands_however_it_is_compressed(storage: Storage, landing: Landing, land: Land, name: str) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME), prompt("e2", TIME)], name=name)
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "record_id") == [("e1",), ("e2",)]


@pytest.mark.parametrize(
    "name", ["it's.jsonl", "a [1] *?.jsonl", "夜 \U0001f319.jsonl", "a\\b\nc.jsonl", "%20{}$.jsonl"]
)
def test_a_file_lands_whatever_its_name(storage: Storage, landing: Landing, run: Run, name: str) -> None:
    landing.write(
        "persona", "2026-05-01", [prompt("e1", TIME, tenantId="it's [me]")], tenant="it's [me]", name=name
    )
    run()
    assert rows(storage, USAGE_RECORDS.spec, "tenant_id", "landing_file") == [
        ("it's [me]", f"persona/2026-05-01/it's [me]/{name}")
    ]


def test_an_empty_file_lands_without_lines(storage: Storage, landing: Landing, land: Land) -> None:
    landing.write_bytes("persona", "2026-05-01", b"")
    land("2026-05-01")
    file = files(storage)["events.jsonl"]
    assert (file.state, file.lines, file.accepted) == (FileState.LANDED, 0, 0)


AZURE = [HEADER, f"{TIME},1,2", f"{TIME},1,2"]


def test_two_equal_lines_in_one_file_of_a_source_without_ids_count_twice(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("azure_llm", "2026-05-01", AZURE, tenant="acme", name="a.csv")
    run()
    assert rows(storage, USAGE_RECORDS.spec, "landing_line") == [(2,), (3,)]


@pytest.mark.parametrize(
    ("day", "name"),
    [
        pytest.param("2026-05-01", "b.csv", id="another name"),
        pytest.param("2026-05-01", "a.csv.gz", id="compressed"),
        pytest.param("2026-05-02", "a.csv", id="another landing day"),
    ],
)
def test_a_file_of_a_source_without_ids_that_is_delivered_again_counts_once(
    storage: Storage, landing: Landing, run: Run, day: str, name: str
) -> None:
    landing.write("azure_llm", "2026-05-01", AZURE, tenant="acme", name="a.csv")
    landing.write("azure_llm", day, AZURE, tenant="acme", name=name)
    run()
    assert rows(storage, USAGE_RECORDS.spec, "landing_file", "landing_line") == [
        ("azure_llm/2026-05-01/acme/a.csv", 2),
        ("azure_llm/2026-05-01/acme/a.csv", 3),
    ]


def test_the_same_file_of_two_tenants_counts_for_each(storage: Storage, landing: Landing, run: Run) -> None:
    for tenant in ("acme", "globex"):
        landing.write("azure_llm", "2026-05-01", AZURE, tenant=tenant, name="a.csv")
    run()
    assert [tenant for (tenant,) in rows(storage, USAGE_RECORDS.spec, "tenant_id")] == [
        *["acme"] * 2,
        *["globex"] * 2,
    ]


def mixed(good: int, bad: int, bad_line: dict[str, Any] | str = "{") -> list[dict[str, Any] | str]:
    return [*(prompt(f"e{number}", TIME) for number in range(good)), *[bad_line] * bad]


@pytest.mark.parametrize(
    ("good", "bad", "state"),
    [
        pytest.param(94, 6, FileState.QUARANTINED, id="6 of 100"),
        pytest.param(95, 5, FileState.LANDED, id="5 of 100 is not more than 5 %"),
        pytest.param(0, 100, FileState.QUARANTINED, id="all of 100"),
        pytest.param(0, 99, FileState.LANDED, id="all of 99, too few to validate"),
        pytest.param(189, 11, FileState.QUARANTINED, id="11 of 200"),
        pytest.param(190, 10, FileState.LANDED, id="10 of 200"),
    ],
)
def test_a_file_with_too_large_a_share_of_rejected_lines_is_quarantined(
    storage: Storage, deliver: Callable[..., None], good: int, bad: int, state: FileState
) -> None:
    deliver("persona", "2026-05-01", mixed(good, bad))
    assert files(storage)["events.jsonl"].state == state


def test_blank_lines_are_no_lines_to_validate_a_file_by(storage: Storage, landing: Landing, land: Land) -> None:
    landing.write("persona", "2026-05-01", [*mixed(90, 9), "", ""])
    land("2026-05-01")
    assert files(storage)["events.jsonl"].state == FileState.LANDED


@pytest.mark.parametrize("time", ["2025-01-01T00:00:00Z", "2022-01-01T00:00:00Z"])
def test_lines_that_are_only_too_old_do_not_speak_against_a_file(
    storage: Storage, landing: Landing, land: Land, time: str
) -> None:
    landing.write("persona", "2026-05-01", mixed(1, 150, prompt("old", time)))
    land("2026-05-01")
    file = files(storage)["events.jsonl"]
    assert (file.state, file.accepted, file.rejected) == (FileState.LANDED, 1, 150)


def test_nothing_of_a_quarantined_file_counts_and_the_days_other_files_do(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-01", mixed(90, 10), name="bad.jsonl")
    landing.write("persona", "2026-05-01", [prompt("good", TIME)], name="good.jsonl")
    run()
    assert rows(storage, USAGE_RECORDS.spec, "record_id") == [("good",)]
    file = files(storage)["bad.jsonl"]
    assert (file.accepted, file.rejected) == (90, 10)
    assert file.error == "10.0% of its lines were rejected for other reasons than age, more than 5.0%"


def test_the_threshold_is_a_setting(storage: Storage, landing: Landing) -> None:
    tolerant = storage.settings.model_copy(update={"reject_share_threshold": Decimal("0.1")})
    landing.write("persona", "2026-05-01", mixed(90, 10))
    land_days(replace(storage, settings=tolerant), [date(2026, 5, 1)], "test")
    assert files(storage)["events.jsonl"].state == FileState.LANDED


@pytest.mark.parametrize(
    ("name", "problem"),
    [("bad.jsonl.gz", "the gzip data is corrupt"), ("bad.jsonl.zst", "the zstd data is corrupt")],
)
def test_a_file_that_cannot_be_read_whole_fails_by_name_and_the_days_other_files_land(
    storage: Storage, landing: Landing, run: Run, name: str, problem: str
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)], name="good.jsonl")
    (landing.root / "persona" / "2026-05-01" / name).write_bytes(b"{}\n")
    run()
    failed = files(storage)[name]
    assert (failed.state, failed.lines, failed.object_name) == (FileState.FAILED, 0, None)
    assert str(failed.error).startswith(problem)
    assert rows(storage, USAGE_RECORDS.spec, "record_id") == [("e1",)]


def test_a_truncated_file_counts_nothing_though_its_first_lines_are_good(
    storage: Storage, landing: Landing, run: Run
) -> None:
    path = landing.write("persona", "2026-05-01", mixed(1000, 0), name="a.jsonl.gz")
    path.write_bytes(path.read_bytes()[:-1])
    run()
    assert (rows(storage, LANDED_EVENTS, "record_id"), reject_reasons(storage)) == ([], [])


def test_a_failed_file_that_is_delivered_whole_lands(storage: Storage, landing: Landing, run: Run) -> None:
    path = landing.write("persona", "2026-05-01", [prompt("e1", TIME)], name="a.jsonl.gz")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    run()
    path.write_bytes(whole)
    run()
    assert rows(storage, USAGE_RECORDS.spec, "record_id") == [("e1",)]
    assert (files(storage)["a.jsonl.gz"].state, files(storage)["a.jsonl.gz"].error) == (FileState.LANDED, None)
