"""What old histories leave unsaid must go on meaning the same."""

from __future__ import annotations

import json

from activities.converter import loose_tags
from tests.golden.freeze_defaults import GOLDEN, defaults, recorded_models


def test_no_released_default_has_changed() -> None:
    models = recorded_models()
    for name, frozen in json.loads(GOLDEN.read_text("utf-8")).items():
        assert name in models, f"{name} is named in old histories: keep it"
        now = defaults(models[name])
        for field, default in frozen.items():
            assert field in now, f"{name}.{field} stands in old histories: keep it"
            assert now[field] == default, f"old histories leave {name}.{field} out: add a new field instead"


def test_a_new_field_of_a_released_model_has_a_default() -> None:
    models = recorded_models()
    for name, frozen in json.loads(GOLDEN.read_text("utf-8")).items():
        for field in defaults(models[name]).keys() - frozen.keys():
            assert defaults(models[name])[field] != "required", f"old histories do not have {name}.{field}"


def test_no_recorded_model_loses_its_kind() -> None:
    losing = {name: loose_tags(model) for name, model in recorded_models().items()}
    assert {name: tags for name, tags in losing.items() if tags} == {}
