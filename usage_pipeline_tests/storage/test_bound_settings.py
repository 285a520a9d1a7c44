"""A warehouse keeps the settings that its numbers were made with."""

from collections.abc import Callable

import pytest
from pydantic import SecretStr

from usage_pipeline.errors import SettingsError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import open_storage
from usage_pipeline_tests.support import Landing, prompt


@pytest.fixture
def other_key(settings: Settings) -> Settings:
    return settings.model_copy(update={"digest_key": SecretStr("another")})


@pytest.mark.usefixtures("storage")
def test_before_the_first_file_the_key_may_change(other_key: Settings) -> None:
    with open_storage(other_key):
        pass


def test_after_the_first_file_another_key_is_refused(
    landing: Landing, run: Callable[[], object], other_key: Settings
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    run()
    with (
        pytest.raises(SettingsError, match="USAGE_DIGEST_KEY is not the one that this warehouse began with"),
        open_storage(other_key),
    ):
        pass


def test_the_first_key_stays_welcome(landing: Landing, run: Callable[[], object], settings: Settings) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    run()
    with open_storage(settings):
        pass


def test_after_the_first_file_another_look_back_is_refused(
    landing: Landing, run: Callable[[], object], settings: Settings
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    run()
    other = settings.model_copy(update={"lookback_days": 2})
    with (
        pytest.raises(SettingsError, match="USAGE_LOOKBACK_DAYS is not the one that this warehouse began with"),
        open_storage(other),
    ):
        pass
