"""What a petitioner proves to be one by, besides the tracking code: the end of a number they gave, or the PIN they were given with the code.

Whoever knows a telephone number's mask knows none of it: no mask shows an end (:mod:`schemas.sealing.personal`).
"""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from schemas.sealing.personal import PersonalData, normal_id
from schemas.sealing.telephones import FEWEST_DIGITS, telephones

END: Final = 4
"""Digits that are asked for."""

PIN_LENGTH: Final = 6


class Factor(StrEnum):
    """What is asked for besides the code. ``EXTENDED``: a telephone number that has an extension, of which either end will do."""

    PHONE = "phone"
    EXTENDED = "phone_with_extension"
    ID_NUMBER = "id_number"
    PIN = "pin"


def factor_of(people: Iterable[PersonalData]) -> Factor:
    """What is asked for where these brought the case. Of several people any one's will do."""
    best = Factor.PIN
    for person in people:
        numbers = [each for each in telephones(person.phone or "") if len(each.digits) >= END]
        if numbers:
            return Factor.EXTENDED if any(each.extension for each in numbers) else Factor.PHONE
        if len(normal_id(person.id_number or "")) >= END:
            best = Factor.ID_NUMBER
    return best


def proven(people: Iterable[PersonalData], said: str) -> Factor | None:
    """By what of these people's the answer proves that it comes from one of them; None where it proves nothing.

    Full width, blanks and dashes do not matter; a whole number is as good as its end.
    """
    plain = plain_answer(said)
    found: Factor | None = None
    for person in people:
        for factor, answer in _answers(person):
            # Every answer is compared, and each in constant time: how long it takes tells nothing.
            if hmac.compare_digest(answer.encode(), plain.encode()):
                found = found or factor
    for number in telephones(said):
        for person in people:
            for each in telephones(person.phone or ""):
                same = hmac.compare_digest(each.digits.encode(), number.digits.encode())
                if same and len(number.digits) >= FEWEST_DIGITS:
                    found = found or Factor.PHONE
    return found


def plain_answer(said: str) -> str:
    """Letters and digits, in capitals."""
    plain = unicodedata.normalize("NFKC", said[:200]).upper()
    return "".join(char for char in plain if char.isalnum())


def _answers(person: PersonalData) -> list[tuple[Factor, str]]:
    answers: list[tuple[Factor, str]] = []
    for number in telephones(person.phone or ""):
        for digits in (number.digits, number.extension):
            if len(digits) >= END:
                answers += [(Factor.PHONE, digits[-END:]), (Factor.PHONE, digits)]
    if not answers and len(plain := normal_id(person.id_number or "")) >= END:
        answers += [(Factor.ID_NUMBER, plain[-END:]), (Factor.ID_NUMBER, plain)]
    return answers
