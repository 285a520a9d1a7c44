"""The checks of `doctor` of what is set and written: settings, database, formats, reference files and channels."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from usage_pipeline.delivery.channel_file import CHANNELS_FILE, read_channels
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.events.format_files import load_formats
from usage_pipeline.pipeline.edited_files import (
    describe_alerts,
    describe_credit_rates,
    describe_grants,
    describe_holidays,
    describe_limits,
    describe_prices,
    describe_report_subscriptions,
    describe_tenants,
)
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import open_storage
from usage_pipeline.storage.postgres import database_urls
from usage_pipeline.validation.suite_files import load_suites
from usage_pipeline.words import count
from usage_pipeline.yaml_file import yaml_files


class Level(StrEnum):
    """The severity of a finding."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class HealthCheck:
    """A finding of a check."""

    level: Level
    text: str


ok, warning, error = (partial(HealthCheck, level) for level in (Level.OK, Level.WARNING, Level.ERROR))


def _data_dir(settings: Settings) -> Iterator[HealthCheck]:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if os.access(settings.data_dir, os.W_OK | os.X_OK):
        yield ok(f"Data directory {settings.data_dir}")
    else:
        yield error(f"Data directory {settings.data_dir} cannot be written; correct its permissions")


def _digest_key(settings: Settings) -> Iterator[HealthCheck]:
    if "digest_key" not in settings.model_fields_set:
        yield warning(
            "USAGE_DIGEST_KEY is not set: with the public default, digests of short texts can be guessed. "
            "Set it once, before the first file: it cannot be changed afterwards"
        )


def _database(settings: Settings) -> Iterator[HealthCheck]:
    with open_storage(settings):
        url = database_urls(settings).warehouse
    if settings.database_url is not None:
        yield ok(f"PostgreSQL at {url.render_as_string(hide_password=True)}")
        return
    yield ok(f"Embedded PostgreSQL, socket in {url.query.get('host', settings.data_dir)}")
    if os.geteuid() == 0:
        yield warning(
            "Running as root: the embedded PostgreSQL runs as a user of its own, and opens the folders above "
            "its data for that user to pass (mode 0755)"
        )


def _formats(settings: Settings) -> Iterator[HealthCheck]:
    own = {file.stem for file in yaml_files(settings.formats_dir)} if settings.formats_dir else set()
    formats = load_formats(settings)
    yield from map(error, formats.broken.values())
    names = (f"{name} (yours)" if name in own else name for name in sorted(formats))
    yield ok(f"Formats: {', '.join(names)}")


def _suites(settings: Settings) -> Iterator[HealthCheck]:
    suites = load_suites(settings)
    yield ok(f"Suites: {count(sum(len(suite.entries) for suite in suites.values()), 'check')} of rows")


_DESCRIPTIONS = {
    "Reference": describe_tenants,
    "Prices": describe_prices,
    "Credit rates": describe_credit_rates,
    "Grants": describe_grants,
    "Limits": describe_limits,
    "Report subscriptions": describe_report_subscriptions,
    "Alerts on data": describe_alerts,
    "Holidays": describe_holidays,
}


def _reference(settings: Settings) -> Iterator[HealthCheck]:
    """Say what each file holds, or what is wrong with it: one that is broken does not hide the others."""
    for name, describe in _DESCRIPTIONS.items():
        try:
            yield ok(f"{name}: {describe(settings)}")
        except ReferenceFileError as problem:
            yield error(str(problem))


def _channels(settings: Settings) -> Iterator[HealthCheck]:
    channels = read_channels(settings.reference / CHANNELS_FILE)
    yield ok(f"Channels: {len(channels)}")
    for name, channel in channels.items():
        if problem := channel.problem(settings):
            yield warning(f"The channel {name} of {CHANNELS_FILE} cannot send: {problem}")


CHECKS = (_data_dir, _digest_key, _database, _formats, _suites, _reference, _channels)
"""Those of settings, in the order in which their findings are told."""
