"""Objects of lake and rollups are replaced whole or not at all, below folders of any name."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from usage_pipeline.settings import Settings
from usage_pipeline.storage.engine import literal, open_engine, parquet_scan, session
from usage_pipeline.storage.lake import Lake
from usage_pipeline_tests.storage.things import DAY, NEXT_DAY, ODD_NAMES, THINGS


def writing(content: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_text(content)

    return write


def failing(path: Path) -> None:
    path.write_text("half of")
    raise RuntimeError


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def test_the_path_of_an_object_names_zone_table_and_day(lake: Lake, tmp_path: Path) -> None:
    assert lake.object(THINGS, DAY) == tmp_path / "lake" / "things" / "event_day=2026-05-01" / "things.parquet"


def test_replacing_puts_the_new_object_in_the_place_of_the_old(lake: Lake) -> None:
    target = lake.object(THINGS, DAY)
    lake.replace(target, writing("old"))
    lake.replace(target, writing("new"))
    assert target.read_text() == "new"


def test_a_failing_write_leaves_the_old_object_and_nothing_else(lake: Lake) -> None:
    target = lake.object(THINGS, DAY)
    lake.replace(target, writing("old"))
    with pytest.raises(RuntimeError):
        lake.replace(target, failing)
    assert {path.name: path.read_text() for path in target.parent.iterdir()} == {"things.parquet": "old"}


def test_a_first_write_that_fails_leaves_no_object(lake: Lake) -> None:
    with pytest.raises(RuntimeError):
        lake.replace(lake.object(THINGS, DAY), failing)
    assert lake.days(THINGS) == {}
    assert list(lake.folder(THINGS, DAY).iterdir()) == []


def test_while_an_object_is_written_readers_see_the_old_one(lake: Lake) -> None:
    target = lake.object(THINGS, DAY)
    lake.replace(target, writing("old"))
    seen: list[str] = []

    def write(path: Path) -> None:
        path.write_text("new")
        seen.append(target.read_text())

    lake.replace(target, write)
    assert seen == ["old"]


def test_an_unfinished_object_is_no_partition(lake: Lake) -> None:
    days_while_writing: list[object] = []

    def write(path: Path) -> None:
        path.write_text("new")
        days_while_writing.append(lake.days(THINGS))

    lake.replace(lake.object(THINGS, DAY), write)
    assert days_while_writing == [{}]


def writing_each(targets: Iterable[Path]) -> Callable[[Path], dict[Path, Path]]:
    def write(folder: Path) -> dict[Path, Path]:
        made = {target: folder / target.stem for target in targets}
        for target, file in made.items():
            file.write_text(f"new {target.stem}")
        return made

    return write


def test_several_objects_are_put_into_the_place_of_the_old_ones(lake: Lake) -> None:
    targets = [lake.object(THINGS, DAY, "a"), lake.object(THINGS, DAY, "b"), lake.object(THINGS, NEXT_DAY, "c")]
    lake.replace(targets[0], writing("old"))
    lake.replace_all(THINGS, writing_each(targets))
    assert [target.read_text() for target in targets] == ["new a", "new b", "new c"]
    assert sorted(path.name for path in lake.folder(THINGS, DAY).parent.iterdir()) == [
        "event_day=2026-05-01",
        "event_day=2026-05-02",
    ]


def test_a_failing_write_of_several_objects_leaves_the_old_ones_and_nothing_else(lake: Lake) -> None:
    target = lake.object(THINGS, DAY, "a")
    lake.replace(target, writing("old"))

    def fail(folder: Path) -> dict[Path, Path]:
        writing_each([target])(folder)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        lake.replace_all(THINGS, fail)
    assert target.read_text() == "old"
    assert list(lake.folder(THINGS, DAY).parent.iterdir()) == [lake.folder(THINGS, DAY)]


def test_days_are_those_with_an_object_of_the_tables_own_name(lake: Lake) -> None:
    lake.replace(lake.object(THINGS, DAY), writing("day"))
    lake.replace(lake.object(THINGS, NEXT_DAY, "0123abcd"), writing("a landing object"))
    assert lake.days(THINGS) == {DAY: lake.object(THINGS, DAY)}


def test_keep_only_removes_the_objects_that_no_file_names(lake: Lake) -> None:
    for name in ("kept", "dropped"):
        lake.replace(lake.object(THINGS, DAY, name), writing(name))
    lake.replace(lake.object(THINGS, NEXT_DAY, "dropped"), writing("of another day"))
    lake.keep_only(THINGS, DAY, {"kept"})
    assert [path.stem for path in lake.folder(THINGS, DAY).iterdir()] == ["kept"]
    assert lake.exists(lake.object(THINGS, NEXT_DAY, "dropped"))


@pytest.mark.parametrize("name", ODD_NAMES)
def test_data_directories_may_have_any_name(tmp_path: Path, name: str) -> None:
    settings = Settings.load(data_dir=tmp_path / name)
    lake = Lake(settings.data_dir)
    target = lake.object(THINGS, DAY)
    with open_engine(settings) as engine, session(engine) as duck:
        copy = "COPY (SELECT 7 AS amount) TO {} (FORMAT parquet)"
        lake.replace(target, lambda path: duck.execute(copy.format(literal(str(path)))))
        assert lake.days(THINGS) == {DAY: target}
        assert duck.execute(f"FROM {parquet_scan([target])}").fetchall() == [(7,)]
