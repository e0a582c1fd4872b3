"""Which sources a secret of events speaks for."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import SecretStr

from schemas.kernel.model import Frozen


class EventKey(Frozen):
    """A Standard Webhooks secret and the sources of CloudEvents it may sign; one that ends in ``*`` stands for all that begin so."""

    secret: SecretStr
    sources: tuple[str, ...]

    def speaks_for(self, source: str) -> bool:
        """Whether an event of that source may be signed by it."""
        return any(source.startswith(each[:-1]) if each.endswith("*") else source == each for each in self.sources)


def keys_of(secrets: Sequence[SecretStr], sources: Sequence[str]) -> list[EventKey]:
    """The keys as set: ``SOURCE,SOURCE=whsec_…``; one that names no source speaks for ``sources``."""
    keys: list[EventKey] = []
    for each in secrets:
        named, between, secret = each.get_secret_value().rpartition("=whsec_")
        if between:
            keys.append(EventKey(secret=SecretStr(f"whsec_{secret}"), sources=tuple(named.split(","))))
        else:
            keys.append(EventKey(secret=each, sources=tuple(sources)))
    return keys
