"""What people write in `channels.yaml`, what is said of a broken entry, and of what is missing to send."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from usage_pipeline.delivery.channel_file import (
    AppriseEntry,
    EmailEntry,
    WebhookEntry,
    read_channels,
    signing_key,
)
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.settings import Settings
from usage_pipeline_tests.delivery.receiving import PASSWORD, SECRET

SHIPPED = Path(__file__).parents[2] / "data" / "reference" / "channels.yaml"
RECIPIENTS = "expected tenant_contacts or a list of addresses, such as [ops@example.com]"
WEBHOOK = "type: webhook, url: https://hooks.example.com/usage, secret_env: OPS_SECRET"
VARIABLE = "OPS_SECRET"
MAIL = {"smtp_host": "mail.example.com", "smtp_from": "usage@example.com"}


def write(folder: Path, content: str) -> Path:
    file = folder / "channels.yaml"
    file.write_text(content, encoding="utf-8")
    return file


def test_each_type_has_its_keys(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        f"""
        email: {{type: email, to: tenant_contacts}}
        ops: {{type: email, to: [ops@example.com, ops@example.com, nina@example.com]}}
        ops_webhook: {{{WEBHOOK}}}
        chat: {{type: apprise, url_env: CHAT_URL}}
        """,
    )
    assert read_channels(file) == {
        "email": EmailEntry(type="email", to="tenant_contacts"),
        "ops": EmailEntry(type="email", to=["ops@example.com", "nina@example.com"]),
        "ops_webhook": WebhookEntry(type="webhook", url="https://hooks.example.com/usage", secret_env=VARIABLE),
        "chat": AppriseEntry(type="apprise", url_env="CHAT_URL"),
    }


def test_without_a_file_there_are_no_channels(tmp_path: Path) -> None:
    assert read_channels(tmp_path / "channels.yaml") == {}


def test_the_shipped_file_has_no_channel_until_its_examples_are_used(tmp_path: Path) -> None:
    shipped = SHIPPED.read_text(encoding="utf-8")
    examples = "\n".join(re.findall(r"^# (\w+: \{.*)", shipped, re.MULTILINE))
    assert read_channels(SHIPPED) == {}
    assert {name: entry.type for name, entry in read_channels(write(tmp_path, examples)).items()} == {
        "email": "email",
        "ops": "email",
        "ops_webhook": "webhook",
        "chat": "apprise",
    }


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{to: tenant_contacts}", "type: it is missing; expected one of email, webhook, apprise."),
        ("{type: emial}", "type: there is no type 'emial'; did you mean 'email'?"),
        ("{type: [email]}", "type: there is no type ['email']; did you mean 'email'?"),
        ("{type: email}", "to: it is missing."),
        (
            "{type: email, to: tenant_contact}",
            f"to: {RECIPIENTS}; did you mean 'tenant_contacts'?",
        ),
        *(
            (
                f"{{type: email, to: {to}}}",
                f"to: {RECIPIENTS}.",
            )
            for to in ("[]", "[nobody]", "[7]", '["Ops <ops@example.com>"]', '["a@b.c\\nBcc: d@e.f"]')
        ),
        ("{type: email, to: [a@b.c], form: 1}", "form: there is no such key."),
        ("{type: email, to: [a@b.c], too: 1}", "too: there is no such key; did you mean 'to'?"),
        (
            "{type: webhook, secret_env: OPS_SECRET}",
            "expected either url or url_env, which names the variable that holds it.",
        ),
        (
            f"{{{WEBHOOK}, url_env: OPS_URL}}",
            "expected either url or url_env, which names the variable that holds it.",
        ),
        ("{type: webhook, url: https://hooks.example.com}", "secret_env: it is missing."),
        *(
            (
                f'{{type: webhook, url: "{url}", secret_env: OPS_SECRET}}',
                "url: expected an address that begins with https:// and has no password in it.",
            )
            for url in (
                *("ftp://a.example", "https://me:hunter2@a.example", "https://", "https://a b", "https://a:0"),
                *("https://[::1", "https://a:99999", "a.example"),
            )
        ),
        (
            f"{{type: webhook, url: https://a.example, secret_env: {SECRET}}}",
            "secret_env: expected the name of a variable of the environment, such as OPS_WEBHOOK_SECRET.",
        ),
        (
            "{type: apprise, url_env: slack://hunter2}",
            "url_env: expected the name of a variable of the environment, such as OPS_WEBHOOK_SECRET.",
        ),
    ],
)
def test_a_broken_entry_is_an_error_that_names_file_entry_and_key_and_no_secret(
    tmp_path: Path, entry: str, said: str
) -> None:
    file = write(tmp_path, f"one: {entry}")
    with pytest.raises(ReferenceFileError) as error:
        read_channels(file)
    assert str(error.value) == f"{file}: one: {said}"


@pytest.mark.parametrize(
    ("secret", "length"),
    [(SECRET, 24), (SECRET.removeprefix("whsec_"), 24), ("whsec_AAAA", None), ("whsec_not base64!", None)],
)
def test_a_signing_key_is_24_to_64_bytes_in_base64(secret: str, length: int | None) -> None:
    key = signing_key(SecretStr(secret))
    assert (None if key is None else len(key)) == length


@pytest.mark.parametrize(
    ("entry", "settings", "environment", "said"),
    [
        ("type: email, to: [a@b.c]", MAIL, {}, None),
        ("type: email, to: [a@b.c]", {}, {}, "USAGE_SMTP_HOST and USAGE_SMTP_FROM are not set"),
        ("type: email, to: [a@b.c]", {**MAIL, "smtp_user": "me"}, {}, "USAGE_SMTP_PASSWORD is not set"),
        (
            "type: email, to: [a@b.c]",
            {**MAIL, "smtp_user": "me", "smtp_password": PASSWORD, "smtp_security": "none"},
            {},
            "USAGE_SMTP_SECURITY is none, which would send the password of USAGE_SMTP_USER unprotected",
        ),
        (WEBHOOK, {}, {"OPS_SECRET": SECRET}, None),
        (WEBHOOK, {}, {}, "OPS_SECRET is not set"),
        (
            WEBHOOK,
            {},
            {"OPS_SECRET": PASSWORD},
            "OPS_SECRET holds no signing key: expected whsec_ and 24 to 64 bytes in base64",
        ),
        (
            "type: webhook, url_env: OPS_URL, secret_env: OPS_SECRET",
            {},
            {},
            "OPS_URL and OPS_SECRET are not set",
        ),
        (
            "type: webhook, url_env: OPS_URL, secret_env: OPS_SECRET",
            {},
            {"OPS_URL": PASSWORD, "OPS_SECRET": SECRET},
            "OPS_URL holds no address that begins with https:// and has no password in it",
        ),
        ("type: apprise, url_env: CHAT_URL", {}, {"CHAT_URL": ""}, "CHAT_URL is not set"),
        ("type: apprise, url_env: CHAT_URL", {}, {"CHAT_URL": "json://localhost"}, None),
    ],
)
def test_what_is_missing_to_send_is_said_without_a_secret(  # noqa: PLR0913 - the parts of a case
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    entry: str,
    settings: dict[str, object],
    environment: dict[str, str],
    said: str | None,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (channel,) = read_channels(write(tmp_path, f"one: {{{entry}}}")).values()
    assert channel.problem(Settings.load(**settings)) == said
