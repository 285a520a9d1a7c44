"""The files of the dashboard, without a browser."""

import re
from pathlib import Path
from string import Template

import httpx

from usage_pipeline.api.dashboard.pages import FILES
from usage_pipeline.reports.charts import style
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.api.dashboard.conftest import MOST_MS

TEXTS = {file.relative_to(FILES).as_posix(): file.read_text() for file in FILES.rglob("*.*")}


def test_files_are_asked_for_again_with_their_tag(address: str, shown: Storage) -> None:
    with httpx.Client(base_url=address, follow_redirects=True, timeout=MOST_MS / 1000) as client:
        page = client.get("/")
        assert (page.url.path, page.headers["Content-Type"]) == ("/dashboard/", "text/html; charset=utf-8")
        billing = client.get("/dashboard/billing").url
        assert (billing.path, billing.query) == ("/dashboard/", b"view=costs")
        for path in ("/dashboard/", "/dashboard/vega.js", "/dashboard/app/main.js"):
            first = client.get(path)
            assert (first.status_code, first.headers["Cache-Control"]) == (200, "no-cache"), path
            again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
            assert (again.status_code, again.content) == (304, b""), path
        (kept,) = (shown.settings.data_dir / "tmp" / "dashboard").iterdir()
        assert client.get("/dashboard/vega.js").content == kept.read_bytes()
        assert client.get("/dashboard/%2e%2e/pages.py").status_code == 404


def test_the_page_needs_nothing_from_elsewhere_and_makes_no_markup_of_answers() -> None:
    assert len(TEXTS) > 30
    for name, text in TEXTS.items():
        assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text) == [], name
        assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text) == [], name
        assert re.findall(r"<script>|<style|\son\w+=\"|\sstyle=\"", text) == [], name


def test_charts_have_the_colours_of_the_reports() -> None:
    colour = Template("light-dark($light, $dark)")
    for light, dark in style.DARK.items():
        assert colour.substitute(light=light, dark=dark) in TEXTS["style/colours.css"]


def test_all_modules_are_used() -> None:
    imported = {
        (Path(name).parent / found).as_posix()
        for name, text in TEXTS.items()
        for found in re.findall(r"(?:from |src=|href=)\"([^\"?#]+\.(?:js|css|svg))\"", text)
    }
    used = {str(Path("/", path).resolve().relative_to("/")) for path in imported}
    assert {*TEXTS} - used == {"index.html"}
