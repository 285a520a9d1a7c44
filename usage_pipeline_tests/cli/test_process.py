"""The end of the process of a command."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from usage_pipeline.cli import main
sys.stdout.write("printed before\\n")
sys.argv = ["usage-pipeline", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["nosuch"], 2)])
def test_the_process_ends_with_the_exit_code_of_the_command_and_all_that_was_printed(
    arguments: list[str], code: int
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout.splitlines()[0]) == (code, "printed before")


def test_an_unexpected_error_ends_the_process_with_its_traceback_and_exit_code_1() -> None:
    broken = PROGRAM.replace("main()", "sys.argv = None\nmain()")
    ended = subprocess.run([sys.executable, "-c", broken], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr.splitlines()[0]) == (1, "Traceback (most recent call last):")
