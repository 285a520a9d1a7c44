"""What else may lie in the landing folder: links, pipes, folders in place of files, things without permission."""

import os
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

import pytest

from usage_pipeline.events.format_files import load_formats
from usage_pipeline.events.landing.scan import LandingFile, Misplaced, Scan, scan_days, scan_landing
from usage_pipeline.settings import Settings
from usage_pipeline_tests.support import Landing

AsAnyone = Callable[[], AbstractContextManager[None]]
DAY = date(2026, 5, 1)
OUT = "a symbolic link that leads out of the landing folder; put the {} itself here"
BACK = "a symbolic link that leads back to itself; put the file itself here"
NOWHERE = "a symbolic link that leads nowhere; put the file itself here"
DENIED = "it cannot be read (Permission denied); check its permissions"


def put(settings: Settings, path: str) -> Path:
    file = settings.landing / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"{}\n")
    return file


def scan(settings: Settings) -> Scan:
    """The whole folder; its one day must be the same when it is looked at alone."""
    found = scan_landing(settings, load_formats(settings))
    of_day = tuple(entry for entry in found.misplaced if f"/{DAY}/" in f"{entry.path}/")
    assert scan_days(settings, load_formats(settings), [DAY]) == Scan(tuple(found.days().get(DAY, [])), of_day)
    return found


def paths(found: Scan) -> list[str]:
    return [file.path for file in found.files]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the landing folder, with all that a source has."""
    folder = tmp_path / "outside"
    (folder / "2026-05-01" / "acme").mkdir(parents=True)
    (folder / "2026-05-01" / "acme" / "a.jsonl").write_bytes(b"{}\n")
    return folder


@pytest.mark.parametrize(
    ("link", "target", "kind"),
    [
        ("persona", ".", "folder"),
        ("persona/2026-05-01", "2026-05-01", "folder"),
        ("persona/2026-05-01/acme", "2026-05-01/acme", "folder"),
        ("persona/2026-05-01/a.jsonl", "2026-05-01/acme/a.jsonl", "file"),
        ("persona/2026-05-01/acme/a.jsonl", "2026-05-01/acme/a.jsonl", "file"),
    ],
)
def test_a_link_that_leads_out_of_the_landing_folder_is_refused(
    settings: Settings, outside: Path, link: str, target: str, kind: str
) -> None:
    good = put(settings, "aider/2026-05-01/good.jsonl")
    path = settings.landing / link
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(outside / target)
    assert scan(settings).misplaced == (Misplaced(link, OUT.format(kind)),)
    assert paths(scan(settings)) == [good.relative_to(settings.landing).as_posix()]


def test_a_link_out_by_way_of_another_link_is_refused(settings: Settings, outside: Path) -> None:
    folder = put(settings, "persona/2026-05-01/good.jsonl").parent
    (folder / ".hidden").symlink_to(outside / "2026-05-01" / "acme" / "a.jsonl")
    (folder / "b.jsonl").symlink_to(".hidden")
    assert scan(settings).misplaced == (Misplaced("persona/2026-05-01/b.jsonl", OUT.format("file")),)


def test_a_folder_whose_name_begins_like_the_landing_folder_is_outside(settings: Settings) -> None:
    folder = put(settings, "persona/2026-05-01/good.jsonl").parent
    beside = settings.landing.with_name(settings.landing.name + "-old")
    beside.mkdir()
    (beside / "a.jsonl").write_bytes(b"{}\n")
    (folder / "a.jsonl").symlink_to(beside / "a.jsonl")
    assert scan(settings).misplaced == (Misplaced("persona/2026-05-01/a.jsonl", OUT.format("file")),)


@pytest.mark.parametrize(
    ("link", "target", "found"),
    [
        ("persona/2026-05-01/b.jsonl", "acme/a.jsonl", "persona/2026-05-01/b.jsonl"),
        ("persona/2026-05-01/globex", "acme", "persona/2026-05-01/globex/a.jsonl"),
        ("persona/2026-05-02", "2026-05-01", "persona/2026-05-02/acme/a.jsonl"),
        ("aider", "persona", "aider/2026-05-01/acme/a.jsonl"),
    ],
)
def test_a_link_within_the_landing_folder_is_followed(
    settings: Settings, link: str, target: str, found: str
) -> None:
    put(settings, "persona/2026-05-01/acme/a.jsonl")
    (settings.landing / link).symlink_to(target)
    assert sorted(paths(scan(settings))) == sorted(["persona/2026-05-01/acme/a.jsonl", found])
    assert scan(settings).misplaced == ()


def test_a_link_to_a_link_within_the_landing_folder_has_the_size_of_the_file(settings: Settings) -> None:
    folder = put(settings, "persona/2026-05-01/a.jsonl").parent
    (folder / "b.jsonl").symlink_to("a.jsonl")
    (folder / "c.jsonl").symlink_to("b.jsonl")
    assert [file.size for file in scan(settings).files] == [3, 3, 3]


def test_the_landing_folder_itself_may_be_a_link(settings: Settings, outside: Path) -> None:
    settings.landing.parent.mkdir(parents=True, exist_ok=True)
    settings.landing.symlink_to(outside)
    (outside / "2026-05-01").rename(outside / "persona")
    (outside / "persona" / "acme").rename(outside / "persona" / "2026-05-01")
    (outside / "persona" / "2026-05-01" / "b.jsonl").symlink_to("a.jsonl")
    assert paths(scan(settings)) == ["persona/2026-05-01/a.jsonl", "persona/2026-05-01/b.jsonl"]


@pytest.mark.parametrize("link", ["persona", "persona/2026-05-01", "persona/2026-05-01/a.jsonl"])
@pytest.mark.parametrize(("target", "problem"), [("gone", NOWHERE), ("{}", BACK)])
def test_a_link_that_leads_to_nothing_is_named(settings: Settings, link: str, target: str, problem: str) -> None:
    put(settings, "aider/2026-05-01/good.jsonl")
    path = settings.landing / link
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target.format(path.name))
    assert scan(settings).misplaced == (Misplaced(link, problem),)
    assert paths(scan(settings)) == ["aider/2026-05-01/good.jsonl"]


def test_a_link_to_a_folder_above_is_not_followed_without_end(settings: Settings) -> None:
    folder = put(settings, "persona/2026-05-01/a.jsonl").parent
    (folder / "acme").symlink_to(".")
    assert paths(scan(settings)) == ["persona/2026-05-01/a.jsonl", "persona/2026-05-01/acme/a.jsonl"]
    assert scan(settings).misplaced == (
        Misplaced(
            "persona/2026-05-01/acme/acme",
            "expected a file: folders go no deeper than <source>/<landing day>/<tenant>",
        ),
    )


@pytest.mark.parametrize("folder", ["persona/2026-05-01", "persona/2026-05-01/acme"])
def test_a_pipe_and_a_socket_are_named(settings: Settings, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    good = put(settings, f"{folder}/good.jsonl")
    os.mkfifo(good.with_name("pipe.jsonl"))
    monkeypatch.chdir(good.parent)  # the path of a socket may have 107 bytes only
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jsonl")
    problem = "expected a file; this is a pipe, a socket or a device"
    assert scan(settings).misplaced == (
        Misplaced(f"{folder}/pipe.jsonl", problem),
        Misplaced(f"{folder}/socket.jsonl", problem),
    )
    assert paths(scan(settings)) == [f"{folder}/good.jsonl"]


@pytest.mark.parametrize("name", ["events.jsonl", "events.jsonl.gz", "events.csv", "events.csv.zst"])
def test_a_folder_in_place_of_a_file_is_named_and_nothing_in_it_counts(settings: Settings, name: str) -> None:
    put(settings, f"persona/2026-05-01/{name}/part-0.jsonl")
    assert scan(settings) == Scan(
        (),
        (
            Misplaced(
                f"persona/2026-05-01/{name}",
                "expected a file, but this is a folder; rename it if it is that of a tenant",
            ),
        ),
    )


def test_a_file_in_place_of_the_landing_folder_is_named(settings: Settings) -> None:
    settings.landing.parent.mkdir(parents=True, exist_ok=True)
    settings.landing.write_bytes(b"")
    assert scan(settings) == Scan((), (Misplaced(".", "expected the landing folder"),))


@pytest.mark.parametrize("folder", ["persona", "persona/2026-05-01", "persona/2026-05-01/acme"])
def test_a_folder_without_permission_is_named_and_hides_no_other(
    settings: Settings, as_anyone: AsAnyone, folder: str
) -> None:
    put(settings, "persona/2026-05-01/acme/a.jsonl")
    put(settings, "aider/2026-05-01/good.jsonl")
    (settings.landing / folder).chmod(0)
    with as_anyone():
        found = scan(settings)
    assert found.misplaced == (Misplaced(folder, DENIED),)
    assert paths(found) == ["aider/2026-05-01/good.jsonl"]


def test_a_folder_that_can_be_listed_but_not_entered_names_its_files(
    settings: Settings, as_anyone: AsAnyone
) -> None:
    folder = put(settings, "persona/2026-05-01/a.jsonl").parent
    folder.chmod(0o444)
    with as_anyone():
        found = scan(settings)
    assert found == Scan((), (Misplaced("persona/2026-05-01/a.jsonl", DENIED),))


@pytest.mark.parametrize("name", [b"bad\xff.jsonl", b"bad\xff", b"\xff\xfe.txt"])
def test_a_name_that_is_not_utf8_is_shown_so_that_it_can_be_read(settings: Settings, name: bytes) -> None:
    good = put(settings, "persona/2026-05-01/good.jsonl")
    (good.parent / os.fsdecode(name)).write_bytes(b"{}\n")
    found = scan(settings)
    assert paths(found) == ["persona/2026-05-01/good.jsonl"]
    readable = name.decode(errors="surrogateescape").encode(errors="backslashreplace").decode()
    assert found.misplaced == (
        Misplaced(
            f"persona/2026-05-01/{readable}", "its name, or that of a folder above, is not UTF-8; rename it"
        ),
    )


@pytest.mark.parametrize(
    ("place", "misplaced"),
    [
        (b"s\xff/2026-05-01", "s\\udcff"),
        (b"persona/d\xff", "persona/d\\udcff"),
        (b"persona/2026-05-01/t\xff", "persona/2026-05-01/t\\udcff/a.jsonl"),
    ],
)
def test_a_folder_whose_name_is_not_utf8_is_shown_so_that_it_can_be_read(
    settings: Settings, place: bytes, misplaced: str
) -> None:
    put(settings, f"{os.fsdecode(place)}/a.jsonl")
    assert [entry.path for entry in scan(settings).misplaced] == [misplaced]


@pytest.mark.parametrize("name", ["a.tmp.jsonl", "a.part.jsonl", "tmp.jsonl", "part.jsonl.gz", "a.tmpx.jsonl"])
def test_only_the_end_of_a_name_says_that_a_file_is_unfinished(settings: Settings, name: str) -> None:
    put(settings, f"persona/2026-05-01/{name}")
    assert paths(scan(settings)) == [f"persona/2026-05-01/{name}"]


@pytest.mark.parametrize("name", ["a.jsonl.tmp.gz", "a.part.zst"])
def test_a_compressed_file_that_was_unfinished_is_no_landing_file(settings: Settings, name: str) -> None:
    put(settings, f"persona/2026-05-01/{name}")
    assert [entry.path for entry in scan(settings).misplaced] == [f"persona/2026-05-01/{name}"]


@pytest.mark.parametrize("folder", ["acme.tmp", "acme.part", ".acme"])
def test_a_tenant_folder_that_is_hidden_or_unfinished_is_passed_over(settings: Settings, folder: str) -> None:
    put(settings, f"persona/2026-05-01/{folder}/a.jsonl")
    assert scan(settings) == Scan((), ())


def test_an_empty_folder_at_any_level_is_no_problem(settings: Settings) -> None:
    (settings.landing / "aider").mkdir(parents=True)
    (settings.landing / "persona" / "2026-05-01" / "acme").mkdir(parents=True)
    assert scan(settings) == Scan((), ())


def test_two_names_that_look_the_same_are_two_files(settings: Settings, landing: Landing) -> None:
    for name in ("\u00e9.jsonl", "e\u0301.jsonl"):
        landing.write("persona", "2026-05-01", [{}], name=name)
    files: tuple[LandingFile, ...] = scan(settings).files
    assert [file.path for file in files] == [
        "persona/2026-05-01/e\u0301.jsonl",
        "persona/2026-05-01/\u00e9.jsonl",
    ]
