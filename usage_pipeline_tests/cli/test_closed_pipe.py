"""A reader that has enough, as in `usage-pipeline usage | head -1`, ends a command without a word."""

import os
import sys
from collections.abc import Callable
from io import StringIO

import pytest

from usage_pipeline.cli.app import main
from usage_pipeline.cli.output import console
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.cli.lines import write_three_days


@pytest.fixture(scope="module")
def settings(deploy: Callable[..., Storage]) -> Settings:
    """Those of a deployment with three days of two tenants."""
    return deploy(write_three_days).settings


def ending(command: str, monkeypatch: pytest.MonkeyPatch) -> tuple[object, str]:
    """The exit code of a command whose output nobody reads, and what it says beside it."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed, monkeypatch.context() as patched:
        patched.setattr(sys, "argv", ["usage-pipeline", *command.split()])
        patched.setattr(sys, "stdout", closed)
        patched.setattr(sys, "stderr", beside := StringIO())
        patched.setattr(console, "quiet", False)  # to have it back: Rich lets the console print no more
        with pytest.raises(SystemExit) as ended:
            main()
        console.begin_capture()
        console.end_capture()  # forgets what Rich would print with the next command of this process
        closed.flush()  # as at the end of the process: nothing is left that fails
    return ended.value.code, beside.getvalue()


@pytest.mark.usefixtures("call")
@pytest.mark.parametrize(
    "command",
    [
        "usage --format csv",
        "usage --format json",
        "usage",
        "usage --from 2000-01-01 --to 2025-12-31 --format csv",  # more than is held back until the end
        "export --tenant acme",
        "export --format csv",
        "--help",
    ],
)
def test_a_reader_that_has_enough_ends_the_command_without_a_word(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ending(command, monkeypatch) == (141, "")


@pytest.mark.usefixtures("call")
def test_an_error_is_told_also_where_nobody_reads_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ending("usage --where model", monkeypatch) == (
        2,
        "Error: --where 'model': expected dimension=value, such as model=gpt-4o.\n",
    )
