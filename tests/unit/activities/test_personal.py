"""Personal data sealed: nothing clear in it, the same person found again."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.personal import open_, person_code, seal
from schemas.kernel.errors import UserError
from schemas.sealing.keys import KeyRing, SealBrokenError
from schemas.sealing.personal import PersonalData

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
RING = KeyRing([("k1", OLD)])
ROTATED = KeyRing([("k2", NEW), ("k1", OLD)])

PERSON = PersonalData(
    name="张三丰", phone="13800001234", id_number="11010119000101001X", address="湖南省长沙市岳麓区麓山南路1号"
)


@given(
    st.builds(
        PersonalData,
        phone=st.none() | st.text(max_size=20),
        name=st.none() | st.text(max_size=20),
        address=st.none() | st.text(max_size=20),
    )
)
def test_what_is_sealed_opens_again(data: PersonalData) -> None:
    assert open_(RING, seal(RING, data)) == data


def test_the_sealed_form_tells_only_the_masks() -> None:
    sealed = seal(RING, PERSON)
    said = sealed.model_dump_json()
    for clear in ("三", "13800001234", "0000", "19000101", "麓山南路"):
        assert clear not in said
    assert (sealed.masked_name, sealed.masked_phone) == ("张*丰", "138********")
    assert (sealed.masked_id, sealed.masked_address) == ("110***************", "湖南省长沙市岳麓区***")
    assert re.fullmatch("[0-9a-f]{16}", sealed.person)


def test_after_rotation_old_seals_open_and_the_person_stays_one_person() -> None:
    old, new = seal(RING, PERSON), seal(ROTATED, PERSON)
    assert (old.key_id, new.key_id) == ("k1", "k2")
    assert open_(ROTATED, old) == open_(ROTATED, new) == PERSON
    assert old.person == new.person
    with pytest.raises(UserError, match="key_missing"):
        open_(RING, new)


@pytest.mark.parametrize("altered", ["AAAA", "不", "A" * 80])
def test_altered_seals_are_refused(altered: str) -> None:
    with pytest.raises(SealBrokenError):
        open_(RING, seal(RING, PERSON).model_copy(update={"sealed": altered}))


def test_the_same_person_is_found_by_the_strongest_mark() -> None:
    by_phone = person_code(RING, PersonalData(phone="+86 138-0000-1234", name="李四"))
    assert by_phone == person_code(RING, PERSON)
    by_id = person_code(RING, PersonalData(id_number="11010119000101001x"))
    assert by_id == person_code(RING, PersonalData(id_number="110101 19000101 001X", name="另名"))
    by_account = person_code(RING, PersonalData(name="张三"), account="U1")
    assert by_account == person_code(RING, PersonalData(name="张三"), account=" U1 ")
    assert by_account != person_code(RING, PersonalData(name="李四"), account="U1")
    assert len({by_phone, by_id, by_account}) == 3
    assert person_code(KeyRing([("k1", NEW)]), PERSON) != by_phone


def test_a_name_alone_is_nobody() -> None:
    assert seal(RING, PersonalData(name="张三", address="A市")).person == ""
    assert seal(RING, PersonalData()).masked_name == ""
