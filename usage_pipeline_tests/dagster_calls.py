"""Reads calls of Dagster's commands as those read them, without running anything."""

import shlex

import click
from dagster._cli import create_dagster_cli
from dagster._daemon.cli import create_dagster_daemon_cli
from dagster_webserver.cli import dagster_webserver

PROGRAMS = {
    "dagster": create_dagster_cli(),
    "dagster-daemon": create_dagster_daemon_cli(),
    "dagster-webserver": dagster_webserver,
}


def parse_dagster_call(call: str) -> tuple[str, dict[str, object]]:
    """The program with its subcommand, and the options that are given.

    Raises click's error for a subcommand or an option that does not exist.
    """
    name, *arguments = shlex.split(call)
    command: click.Command = PROGRAMS[name]
    while isinstance(command, click.Group):
        subcommand, *arguments = arguments
        if subcommand not in command.commands:
            raise click.UsageError(f"{name} has no command {subcommand}")
        name, command = f"{name} {subcommand}", command.commands[subcommand]
    given = command.make_context(name, arguments)
    named = {
        parameter: value
        for parameter, value in given.params.items()
        if given.get_parameter_source(parameter) is click.core.ParameterSource.COMMANDLINE
    }
    return name, named
