"""Links from assets to the code and the files that make them."""

from pathlib import Path

import dagster as dg
import pytest

from usage_pipeline.definitions import build_definitions
from usage_pipeline.settings import Settings
from usage_pipeline_tests.orchestration.test_definitions import ASSETS, INPUTS, INSIGHTS, OF_ALL_DAYS


def code(spec: dg.AssetSpec) -> list[dg.LocalFileCodeReference | dg.UrlCodeReference]:
    return list(spec.metadata["dagster/code_references"].code_references)


@pytest.mark.parametrize("name", sorted(ASSETS.keys() - INPUTS))
def test_an_asset_leads_to_its_files_on_this_machine(specs: dict[str, dg.AssetSpec], name: str) -> None:
    for reference in code(specs[name]):
        assert isinstance(reference, dg.LocalFileCodeReference)
        assert Path(reference.file_path).is_file()
    suffixes = {Path(reference.source.partition(":")[0]).suffix for reference in code(specs[name])}
    assert suffixes == ({".py"} if name in OF_ALL_DAYS | INSIGHTS else {".sql", ".py"})


def test_a_link_leads_to_the_line_that_names_the_asset(specs: dict[str, dg.AssetSpec]) -> None:
    declared = code(specs["token_series"])[-1]
    assert isinstance(declared, dg.LocalFileCodeReference)
    assert declared.line_number is not None
    lines = Path(declared.file_path).read_text(encoding="utf-8").splitlines()
    assert lines[declared.line_number - 1].strip() == '"token_series",'


def test_with_a_repository_links_lead_to_its_pages() -> None:
    settings = Settings.load(repository="https://git.example.com/usage/blob/v1/")
    (spec,) = [
        spec for spec in build_definitions(settings).resolve_all_asset_specs() if spec.key.path == ["token_series"]
    ]
    linked = code(spec)[0]
    assert isinstance(linked, dg.UrlCodeReference)
    assert (linked.label, linked.url) == (
        "series/tenant_series.sql",
        "https://git.example.com/usage/blob/v1/usage_pipeline/series/tenant_series.sql#L1",
    )
