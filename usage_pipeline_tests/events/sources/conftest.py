"""The sample files of all formats, landed and computed once; these tests only read."""

import shutil
from collections.abc import Callable, Iterator

import pytest

from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.support import shared

FOLDERS = {
    "persona": "2026-02-20",
    "persona_callback": "2026-02-20",
    "usage_statistics": "2026-02-20/acme",
    "agent_runs": "2026-02-21",
}


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], str]) -> Iterator[Storage]:
    """A deployment that holds each sample file, under the name of its format."""
    settings = Settings.load(
        data_dir=tmp_path_factory.mktemp("samples"), database_url=new_database(), digest_key="test", now=NOW
    )
    for source, folder in FOLDERS.items():
        target = settings.landing / source / folder
        target.mkdir(parents=True)
        shutil.copy(shared("samples", f"{source}.jsonl"), target)
    with open_storage(settings) as storage:
        refresh(storage, PlainRunner(storage))
        yield storage
