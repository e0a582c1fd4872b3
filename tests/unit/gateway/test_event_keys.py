"""A secret of events speaks for its sources and for no other."""

from __future__ import annotations

import base64

import pytest

from activities.settings import Settings
from gateway.intake.event_keys import EventKey, keys_of
from schemas.kernel.errors import UserError

ONE, TWO = ("whsec_" + base64.b64encode(each * 8).decode() for each in (b"one!", b"two!"))


def keys(secret: str, sources: str = "") -> list[EventKey]:
    given = {"SANZHANG_EVENTS_SECRET": secret, "SANZHANG_EVENTS_SOURCES": sources}
    settings = Settings.from_environment(given)
    return keys_of(settings.events_secret, settings.events_sources)


def test_each_speaks_for_its_own() -> None:
    first, second, third = keys(f"/hotline/12345={ONE} /app/*,urn:x=y={TWO} {ONE}", "/old /older/*")
    assert [each.secret.get_secret_value() for each in (first, second, third)] == [ONE, TWO, ONE]
    assert [first.speaks_for(each) for each in ("/hotline/12345", "/hotline/123456", "/app/x")] == [True, False, False]
    assert [second.speaks_for(each) for each in ("/app/x", "urn:x=y", "/ap")] == [True, True, False]
    assert [third.speaks_for(each) for each in ("/old", "/older/x", "/hotline/12345")] == [True, True, False]


def test_one_without_sources_speaks_for_none_until_they_are_declared() -> None:
    (bare,) = keys(ONE)
    assert not bare.speaks_for("/hotline/12345") and not bare.speaks_for("")
    assert keys(ONE, "*")[0].speaks_for("anything")


@pytest.mark.parametrize("wrong", ["/a=whsec_short", f",/a={ONE}", f"={ONE}", "/a="])
def test_what_is_no_secret_is_refused_and_never_quoted(wrong: str) -> None:
    with pytest.raises(UserError, match="setting_invalid") as refused:
        keys(wrong)
    assert "whsec_short" not in refused.value.zh
