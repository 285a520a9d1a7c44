"""A file that grows after an erasure: its new lines count, and what stood on blank lines counts on."""

import json
from collections.abc import Callable
from pathlib import Path

from usage_pipeline.events.record import CONTENT, LANDED_EVENTS
from usage_pipeline.pipeline.refresh import PlainRunner, find_stale
from usage_pipeline.retention.erasure.erasing import erase
from usage_pipeline.retention.erasure.subject import Subject
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage.landed_files import LINE_OUTCOMES, LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.retention.erased import ALL, DAY, MAY_1, Run, erase_acme, event
from usage_pipeline_tests.retention.test_erasure_landing import LINES_OF_SEVERAL, call
from usage_pipeline_tests.support import Landing, files, rows


def append(path: Path, line: dict[str, object]) -> None:
    with path.open("a") as stream:
        stream.write(f"{json.dumps(line)}\n")


def outcomes(file: LandedFile) -> dict[str, int]:
    """The lines of a file by outcome, without those that there are none of."""
    found = {name: getattr(file, name) for name in (*LINE_OUTCOMES, "further_events")}
    assert sum(found[name] for name in LINE_OUTCOMES) == file.lines + file.further_events
    return {name: number for name, number in found.items() if number}


def test_events_of_an_erased_member_count_on_when_their_file_grows(
    storage: Storage, landing: Landing, run: Run
) -> None:
    lines = [event("a", userId="ann-17", tokensIn=7, prompt="hers"), event("b"), ""]
    path = landing.write("persona", MAY_1, lines)
    run()
    assert erase(storage, ALL, Subject("acme", "ann-17"), by="me", reason="a request") is not None
    for number in (1, 2):
        append(path, event(f"new{number}", tokensIn=1))
        run()
    assert outcomes(files(storage)["events.jsonl"]) == {"accepted": 4, "blank": 1}
    PlainRunner(storage).land_again([DAY])
    run()
    assert rows(storage, LANDED_EVENTS, "landing_line", "record_id", "member_id", "tokens_in") == [
        (1, "a", "(erased)", 7),
        (2, "b", None, 100),
        (4, "new1", None, 1),
        (5, "new2", None, 1),
    ]
    assert sum(tokens for (tokens,) in rows(storage, DAILY_USAGE.spec, "tokens_in")) == 109
    assert find_stale(storage) == {}


def test_events_of_others_on_a_blank_line_count_on_when_their_file_grows(
    storage: Storage, landing: Landing, run: Run, add_format: Callable[[str, str], object]
) -> None:
    add_format("batches", f"{LINES_OF_SEVERAL}content: {{prompt: $.prompt}}\n")
    names = ("globex", "acme", "initech")
    calls = [{"id": f"r{number}", "prompt": name, **call(name)} for number, name in enumerate(names)]
    path = landing.write("batches", MAY_1, [{"calls": calls}])
    run()
    erase_acme(storage)
    append(path, {"calls": [{**calls[0], "id": "new"}]})
    run()
    assert rows(storage, LANDED_EVENTS, "tenant_id", "landing_line", "landing_event") == [
        ("globex", 1, 1),
        ("globex", 2, 1),
        ("initech", 1, 3),
    ]
    assert rows(storage, CONTENT, "prompt") == [("globex",), ("globex",), ("initech",)]
    assert outcomes(files(storage)["events.jsonl"]) == {"accepted": 3, "further_events": 1}


def test_lines_that_are_there_again_count_once(storage: Storage, landing: Landing, run: Run) -> None:
    path = landing.write("persona", MAY_1, [event("a", userId="ann-17"), event("b")])
    run()
    before = path.read_bytes()
    assert erase(storage, ALL, Subject("acme", "ann-17"), by="me", reason="a request") is not None
    path.write_bytes(before)
    append(path, event("new"))
    run()
    found = rows(storage, LANDED_EVENTS, "landing_line", "record_id", "member_id")
    assert found == [(1, "a", "ann-17"), (2, "b", None), (3, "new", None)]
    assert outcomes(files(storage)["events.jsonl"]) == {"accepted": 3}
