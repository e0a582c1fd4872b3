"""The smallest organisation in which every kind of notice has somebody to go to."""

from __future__ import annotations

from schemas.organisation import Organisation


def organisation() -> Organisation:
    """A bureau with a branch of two stations, and the people notices are for."""
    units = {
        "XA": "bureau",
        "XA/xf": "department",
        "XA/dc": "department",
        "XA/A3": "branch",
        "XA/A3/01": "station",
        "XA/A3/02": "station",
    }
    people = [
        ("boss", "chief", "XA"),
        ("op", "operator", "XA/xf"),
        ("op2", "operator", "XA/xf"),
        ("sup", "supervisor", "XA/dc"),
        ("chief", "chief", "XA/A3"),
        ("chief1", "chief", "XA/A3/01"),
        ("chief2", "chief", "XA/A3/02"),
        ("han", "handler", "XA/A3/02"),
        ("han2", "handler", "XA/A3/02"),
    ]
    return Organisation.model_validate(
        {
            "version": 1,
            "city_code": "XA",
            "units": [{"path": path, "name": f"名-{path}", "kind": kind} for path, kind in units.items()],
            "people": [{"id": who, "name": who, "role": role, "unit": unit} for who, role, unit in people],
        }
    )
