"""The format of a log that grows."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from usage_pipeline_tests.events.landing.growing import CHAT, Add


@pytest.fixture
def add_chat(add_format: Callable[[str, str], Path]) -> Add:
    """Adds the format of a chat, with these keys changed."""
    return lambda **changes: add_format("chat", yaml.safe_dump({**CHAT, **changes}))
