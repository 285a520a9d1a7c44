"""The examples of docs/api.md, against a server with the usage of acme."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

from usage_pipeline_tests.api.serving import Served

ROOT = Path(__file__).parents[2]
EXAMPLES = [
    (language, code)
    for language, code in re.findall(
        r"^```(sh|python|javascript)\n(.*?)^```$",
        (ROOT / "docs/api.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    if language != "sh" or code.startswith("curl")
]
NODE = str(compute_driver_executable()[0])
"""The one that comes with Playwright, whether there is a browser or not."""
RUN = {"sh": ["sh", "-ec"], "python": [sys.executable, "-c"], "javascript": [NODE, "--input-type=module", "-e"]}
PRINTED = {
    "series/fetch": '{"tokens":[{"date":1779062400000,"total":150},{"date":1779148800000,"total":70}]',
    "client.records": "1779264000000 a3 1\n1779177600000 b2 1",
    "costs?groupBy": "x 255 100\ny null 0",
    "rolling(7)": "Name: total, dtype: float64",
    "asyncio": "90 1",
    "botId": '"id","type","count","createdAt"',
    "v1/forecast": '"reason":"4 days with a number since 2026-05-18, the first use in the 182 days',
    "--json": '{"allowed":true}',
    "X-As-Of": '402 {"error":"Insufficient credits","requiredCredits":100000,"availableCredits":67.5,',
}
"""A part of each example, and what it prints."""


@pytest.mark.parametrize(("language", "code"), EXAMPLES, ids=[code[:40] for _, code in EXAMPLES])
def test_an_example_prints_what_it_is_for(language: str, code: str, acme_served: Served) -> None:
    if not shutil.which(RUN[language][0]) or (language == "sh" and not shutil.which("curl")):
        pytest.skip(f"needs curl, or what runs {language}")
    (expected,) = [printed for part, printed in PRINTED.items() if part in code]
    variables = {
        **os.environ,
        "API_ADDRESS": acme_served.address,
        "API_KEY": acme_served.key,
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [*RUN[language], code], env=variables, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert expected in done.stdout
