"""What is asked for besides the tracking code, in the words of the people it is asked of."""

from __future__ import annotations

from typing import Final

from schemas.sealing.factors import Factor

ASKED: Final[dict[Factor, tuple[str, str]]] = {
    Factor.PHONE: (
        "您所留电话号码的末四位（留了几个号码的，任一个均可）",
        "the last four digits of the telephone number you gave; of several, any one will do",
    ),
    Factor.EXTENDED: (
        "您所留电话号码的末四位：分机前那个号码的末四位；分机号有四位以上的，其末四位亦可",
        "the last four digits of the telephone number you gave: of the number before the extension, or of the extension where it has four or more",
    ),
    Factor.ID_NUMBER: (
        "您所留证件号码的末四位",
        "the last four characters of the identity number you gave",
    ),
    Factor.PIN: (
        "校验码（六位数字，与查询码一同给出）",
        "the PIN: six digits that were given with the code",
    ),
}
"""By what proves somebody to be the petitioner, in Chinese and English."""
