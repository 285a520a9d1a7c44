"""What `alerts.yaml` may hold, and what is told of anything else."""

from pathlib import Path

import pytest

from usage_pipeline.alerts.alert_file import read_alert_file
from usage_pipeline.alerts.tables import AlertKind
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.pipeline.edited_files import describe_alerts
from usage_pipeline.settings import Settings

SHIPPED = Path(__file__).parents[2] / "data" / "reference" / "alerts.yaml"
CHANNELS = "ops: {type: email, to: [ops@example.com]}\nemail: {type: email, to: tenant_contacts}\n"


def uncommented(file: Path) -> str:
    """The examples of a shipped file."""
    return "\n".join(line.removeprefix("# ") for line in file.read_text().splitlines()[3:])


def test_the_shipped_file_names_nobody_and_its_examples_are_entries(tmp_path: Path) -> None:
    assert read_alert_file(SHIPPED) == {}
    (tmp_path / "alerts.yaml").write_text(uncommented(SHIPPED))
    found = read_alert_file(tmp_path / "alerts.yaml")
    assert [kind.value for kind in found] == [kind.value for kind in AlertKind][1:]
    of_runs = found[AlertKind.RUN_FAILED]
    assert of_runs.quiet_hours is not None
    assert (of_runs.channels, of_runs.time_zone, of_runs.quiet_hours.to) == (("ops",), "Europe/Berlin", 420)


def test_without_a_file_nobody_is_told(tmp_path: Path) -> None:
    assert read_alert_file(tmp_path / "alerts.yaml") == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("run_fail: {channels: [ops]}", "run_fail: there is no such kind; did you mean 'run_failed'?"),
        (
            "limit: {channels: [ops]}",
            "limit: there is no such kind; limits name their channels in limits.yaml.",
        ),
        ("run_failed: {channel: [ops]}", "run_failed: channel: there is no such key; did you mean 'channels'?"),
        ("run_failed: {}", "run_failed: channels is missing; without an entry nobody is told, too."),
        ("run_failed: [ops]", "run_failed: expected keys with values, as in `key: value`, found ['ops']."),
        (
            "run_failed: {tenant_channels: [email]}",
            "run_failed: tenant_channels: such an alert is about no tenant; remove the key.",
        ),
        (
            "run_failed: {channels: [ops], time_zone: Berlin}",
            "run_failed: time_zone: expected a time zone such as Europe/Berlin.",
        ),
        (
            'run_failed: {channels: [ops], quiet_hours: {from: "22:00", to: "22:00"}}',
            "run_failed: quiet_hours: from and to are the same time; correct one of them.",
        ),
        (
            "run_failed: {channels: [opps]}",
            "run_failed: channels: channels.yaml has no channel 'opps'; did you mean 'ops'?",
        ),
        (
            "unpriced_usage: {channels: [email]}",
            "unpriced_usage: channels: 'email' tells the contacts of tenants; name it in tenant_channels.",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "channels.yaml").write_text(CHANNELS)
    file = tmp_path / "alerts.yaml"
    file.write_text(text)
    with pytest.raises(ReferenceFileError) as error:
        describe_alerts(Settings.load(data_dir=tmp_path, reference_dir=tmp_path))
    assert str(error.value) == f"{file}: {problem}"
