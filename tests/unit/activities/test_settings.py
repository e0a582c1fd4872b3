"""Settings from the environment, and what is said about wrong ones."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from pydantic import ValidationError

from activities.settings import Settings
from schemas.kernel.errors import UserError

SECRET = "whsec_" + base64.b64encode(b"s" * 24).decode()


def refused(**environ: str) -> UserError:
    with pytest.raises(UserError) as error:
        Settings.from_environment({f"SANZHANG_{name}": value for name, value in environ.items()})
    return error.value


def test_an_empty_environment_gives_the_one_machine_defaults() -> None:
    settings = Settings.from_environment({"PATH": "/bin", "SANZHANG_TEMPORAL": " "})
    assert settings == Settings()
    assert settings.temporal is None
    assert settings.sticky_timeout == 2.0
    assert settings.key_file_path == settings.data_dir / "keys.json"
    assert settings.audit_key_file_path == settings.data_dir / "audit-keys.json"
    assert settings.checkpoint_place == str(settings.data_dir.absolute() / "checkpoints")


def test_every_setting_can_be_given() -> None:
    settings = Settings.from_environment(
        {
            "SANZHANG_DATA_DIR": "~/三本账",
            "SANZHANG_TEMPORAL": "engine.internal:7233",
            "SANZHANG_NAMESPACE": "city-1",
            "SANZHANG_DATABASE_DSN": "postgresql+asyncpg://u:hidden@db/sanzhang",
            "SANZHANG_LOG_FORMAT": "json",
            "SANZHANG_LOG_LEVEL": "debug",
            "SANZHANG_KEY_FILE": "/etc/sanzhang/keys.json",
            "SANZHANG_AUDIT_KEYS": "k1:hidden",
            "SANZHANG_SIGNING_KEY": "hidden",
            "SANZHANG_CHECKPOINT_STORE": "s3://bucket/checkpoints",
            "SANZHANG_LOG_ORIGIN": "xa.example/三本账",
            "SANZHANG_HASH_ALGORITHM": "sm3",
            "SANZHANG_NOTICE_APPRISE_URLS": "wecombot://hidden  mailtos://a:hidden@b?to=x,y",
            "SANZHANG_NOTICE_WEBHOOK_URLS": "https://hooks.example/hidden",
            "SANZHANG_NOTICE_WEBHOOK_SECRET": SECRET,
            "SANZHANG_MAX_CACHED_WORKFLOWS": "1",
            "SANZHANG_STICKY_TIMEOUT": "0.5",
            "SANZHANG_MAX_CONCURRENT_WORKFLOW_TASKS": "2",
            "SANZHANG_MAX_CONCURRENT_ACTIVITIES": "3",
            "SANZHANG_MAX_CONCURRENT_LOCAL_ACTIVITIES": "4",
            "SANZHANG_UNSANDBOXED": "true",
            "SANZHANG_TAXONOMY_FILE": "分类体系.csv",
            "SANZHANG_SHARED_DATA": "not a setting, and not refused",
        }
    )
    assert settings.data_dir == Path("~/三本账").expanduser()
    assert settings.key_file_path == Path("/etc/sanzhang/keys.json")
    assert [url.get_secret_value() for url in settings.notice_apprise_urls] == [
        "wecombot://hidden",
        "mailtos://a:hidden@b?to=x,y",
    ]
    assert settings.max_cached_workflows == 1
    assert settings.checkpoint_place == "s3://bucket/checkpoints"
    assert settings.unsandboxed
    assert "hidden" not in f"{settings!r}{settings}{settings.model_dump()}{settings.model_dump_json()}"
    assert SECRET not in repr(settings)
    with pytest.raises(ValidationError):
        settings.__setattr__("namespace", "other")


def test_an_unknown_setting_is_refused_with_the_nearest_name() -> None:
    error = refused(DATADIR="/srv")
    assert error.code == "setting_unknown"
    assert error.facts == {"variable": "SANZHANG_DATADIR", "nearest": "SANZHANG_DATA_DIR"}
    assert refused(XYZ="1").facts["nearest"].startswith("SANZHANG_")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TEMPORAL", "http://engine:7233"),
        ("TEMPORAL", "engine"),
        ("NAMESPACE", "名字"),
        ("DATABASE_DSN", "mysql://u:hidden@db/x"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
        ("NOTICE_WEBHOOK_URLS", "ftp://hidden"),
        ("NOTICE_WEBHOOK_SECRET", "hidden"),
        ("NOTICE_WEBHOOK_SECRET", "whsec_hidden!"),
        ("NOTICE_WEBHOOK_SECRET", "whsec_密钥hidden"),
        ("MAX_CACHED_WORKFLOWS", "-1"),
        ("MAX_CACHED_WORKFLOWS", "0"),
        ("STICKY_TIMEOUT", "0"),
        ("MAX_CONCURRENT_WORKFLOW_TASKS", "1"),
        ("MAX_CONCURRENT_ACTIVITIES", "many"),
        ("MAX_CONCURRENT_LOCAL_ACTIVITIES", "1.5"),
        ("UNSANDBOXED", "perhaps"),
        ("LOG_ORIGIN", "two words"),
        ("LOG_ORIGIN", "a+b"),
        ("HASH_ALGORITHM", "md5"),
    ],
)
def test_an_impossible_value_names_the_setting_and_the_right_form(name: str, value: str) -> None:
    error = refused(**{name: value})
    assert error.code == "setting_invalid"
    assert error.facts == {"variable": f"SANZHANG_{name}"}
    for sentence in (error.zh, error.en):
        assert f"SANZHANG_{name}" in sentence
        assert "hidden" not in sentence


def test_settings_that_contradict_each_other_are_refused() -> None:
    both = refused(KEYS="k1:x", KEY_FILE="/k")
    assert (both.code, both.facts["variable"]) == ("setting_invalid", "SANZHANG_KEYS")
    audit = refused(AUDIT_KEYS="k1:hidden", AUDIT_KEY_FILE="/k")
    assert (audit.code, audit.facts["variable"]) == ("setting_invalid", "SANZHANG_AUDIT_KEYS")
    assert "SANZHANG_AUDIT_KEY_FILE" in audit.zh
    unsigned = refused(NOTICE_WEBHOOK_URLS="https://hooks.example/x")
    assert unsigned.facts["variable"] == "SANZHANG_NOTICE_WEBHOOK_SECRET"
