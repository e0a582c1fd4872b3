"""The defaults of recorded models, held still.

Payloads and stored events leave defaults out, so changing one changes what every old history says.
``recorded_defaults.json`` holds the defaults of the released models. Run this file when a release is made:
it adds what is new and never alters what is there; give module names to take only theirs.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import schemas

GOLDEN = Path(__file__).with_name("recorded_defaults.json")
REQUIRED = "required"


def recorded_models() -> dict[str, type[BaseModel]]:
    """Every pydantic model defined in ``schemas``, by its full name."""
    found: dict[str, type[BaseModel]] = {}
    for module in pkgutil.walk_packages(schemas.__path__, "schemas."):
        for _, member in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(member, BaseModel) and member.__module__.startswith("schemas."):
                found[f"{member.__module__}.{member.__qualname__}"] = member
    return found


def defaults(model: type[BaseModel]) -> dict[str, Any]:
    """Default of each field as JSON."""
    return {name: _default(field) for name, field in model.model_fields.items()}


def _default(field: FieldInfo) -> Any:
    if field.is_required():
        return REQUIRED
    value = field.get_default(call_default_factory=True, validated_data={})
    assert value is not PydanticUndefined
    return {"default": TypeAdapter[Any](Any).dump_python(value, mode="json")}


def freeze(modules: list[str]) -> None:
    """Add the models of these modules (all when none is named) and their new fields."""
    golden: dict[str, dict[str, Any]] = json.loads(GOLDEN.read_text("utf-8")) if GOLDEN.exists() else {}
    for name, model in recorded_models().items():
        if not modules or model.__module__ in modules:
            golden[name] = {**defaults(model), **golden.get(name, {})}
    GOLDEN.write_text(json.dumps(golden, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    freeze(sys.argv[1:])
