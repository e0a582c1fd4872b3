"""Personal data: the clear form, which lives only in memory, and the sealed form, which may be stored and
sent.

Masks show too little to find a stranger, and never the end of a number: by its end a petitioner proves to be one.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from schemas.sealing.telephones import FEWEST_DIGITS, telephones

WITHHELD: Final = "‹withheld›"
"""What stands in logs and representations in the place of personal data."""

COMPOUND_SURNAMES: Final = frozenset(
    re.findall(
        "..",
        "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠公孙慕容仲孙"
        "钟离长孙宇文司徒鲜于司空闾丘子车亓官司寇巫马公西颛孙壤驷公良漆雕乐正宰父谷梁拓跋夹谷轩辕令狐段干百里"
        "呼延东郭南门羊舌微生梁丘左丘东门西门第五",
    )
)

_HAN: Final = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af〇]+")
_MOBILE: Final = re.compile(r"1[3-9]\d{9}")
_LANDLINE: Final = re.compile(r"(0(?:10|2\d|[3-9]\d{2}))?\d{7,8}")
_END_SHOWN: Final = re.compile(r"[0-9A-Za-z]{1,8}$")
_ID: Final = re.compile(r"\d{17}[\dX]|\d{15}")
_PLACE: Final = r"(?:(?!自治)[^\W\d_路街道巷弄号栋幢楼室村组住在旁我的是]){1,7}?"
_DISTRICT: Final = re.compile(
    rf"(?P<province>{_PLACE}(?:省|自治区|特别行政区))?"
    rf"(?P<city>{_PLACE}(?:自治州|地区|盟|市))?"
    r"(?P<district>[A-Za-z]\d{0,2}[区县市]"
    rf"|{_PLACE}(?:自治县|自治旗|(?<![小社园校厂院住宅])区|县|旗|市))?"
)


def _tidy(value: Any) -> Any:
    """Full-width forms, control characters and outer blanks are dirt, not data; an empty cell is nothing."""
    if not isinstance(value, str):
        return value
    seen = "".join(char for char in value if char.isspace() or unicodedata.category(char)[0] != "C")
    return unicodedata.normalize("NFKC", seen).strip() or None


class PersonalData(BaseModel):
    """Who a petitioner is. Tolerant of shape, since people write what they write; only length is bounded.
    Never shown by ``repr``.
    """

    # a validation error would quote the value it refuses, and errors are logged
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Annotated[Annotated[str, Field(max_length=100)] | None, BeforeValidator(_tidy)] = None
    phone: Annotated[Annotated[str, Field(max_length=50)] | None, BeforeValidator(_tidy)] = None
    id_number: Annotated[Annotated[str, Field(max_length=50)] | None, BeforeValidator(_tidy)] = None
    address: Annotated[Annotated[str, Field(max_length=300)] | None, BeforeValidator(_tidy)] = None
    guardian: Annotated[Annotated[str, Field(max_length=100)] | None, BeforeValidator(_tidy)] = None
    guardian_phone: Annotated[Annotated[str, Field(max_length=50)] | None, BeforeValidator(_tidy)] = None

    def __repr__(self) -> str:
        return f"PersonalData({WITHHELD})"

    __str__ = __repr__


class SealedPersonal(BaseModel):
    """Personal data at rest and in histories.

    ``person`` is a keyed match code of 16 hexadecimal digits: equal for the same person, telling nothing
    without the key; empty when nothing identifies the person. The masks are empty where nothing was given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key_id: str
    sealed: str
    person: str = ""
    masked_name: str = ""
    masked_phone: str = ""
    masked_id: str = ""
    masked_address: str = ""
    masked_guardian: str = ""
    masked_guardian_phone: str = ""


def normal_phone(phone: str) -> str:
    """The digits of the first number, without the country code or an extension; empty when there are fewer than 7 (nobody is
    found by such a number).
    """
    first = next(iter(telephones(phone)), None)
    return first.digits if first is not None and len(first.digits) >= FEWEST_DIGITS else ""


def normal_id(id_number: str) -> str:
    """Capital letters and digits only; empty when there are fewer than 6."""
    plain = re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", id_number)).upper()
    return plain if len(plain) >= 6 else ""


def mask_name(name: str) -> str:
    """张三 → 张*, 张三丰 → 张*丰, 欧阳修 → 欧阳*, 欧阳娜娜 → 欧阳**.

    Any other name keeps its first letter.
    """
    if not name:
        return ""
    if len(name) == 1:
        return "*"
    if not _HAN.fullmatch(name) or len(name) > 4:
        return name[0] + "**"
    if len(name) > 2 and name[:2] in COMPOUND_SURNAMES:
        return name[:2] + "*" * (len(name) - 2)
    if len(name) == 2:
        return name[0] + "*"
    return name[0] + "*" * (len(name) - 2) + name[-1]


def mask_phone(phone: str) -> str:
    """13812341234 → 138********, 010-62345678 → 010-********; of several each; anything else is hidden whole."""
    if not phone:
        return ""
    return "、".join(_mask_number(each.digits) for each in telephones(phone)) or "***"


def _mask_number(digits: str) -> str:
    if _MOBILE.fullmatch(digits):
        return f"{digits[:3]}{'*' * 8}"
    landline = _LANDLINE.fullmatch(digits)
    if landline is None:
        return "***"
    area = landline.group(1) or ""
    return (f"{area}-" if area else "") + "*" * (len(digits) - len(area))


def mask_id(id_number: str) -> str:
    """Resident identity numbers keep the first three places (the province and city); other papers are hidden whole."""
    if not id_number:
        return ""
    plain = normal_id(id_number)
    return plain[:3] + "*" * (len(plain) - 3) if _ID.fullmatch(plain) else "***"


def end_hidden(mask: str) -> str:
    """A mask as it is shown: one made before the ends were hidden, and kept in an event, loses its end too."""
    if "*" not in mask:
        return mask
    return _END_SHOWN.sub(lambda end: "*" * len(end.group()), mask)


def mask_address(address: str) -> str:
    """The leading province, city and district (湖南省长沙市岳麓区***); ``***`` when the address does not
    begin with one.
    """
    if not address:
        return ""
    found = _DISTRICT.match(address)
    return (found.group() if found else "") + "***"


OF_AGE: Final = 18
_BORN: Final = re.compile(r"\d{6}(\d{4})(\d{2})(\d{2})\d{3}[\dX]")


def under_age(id_number: str, on: date) -> bool:
    """Whether the resident identity number says that its holder is not of age on that day."""
    found = _BORN.fullmatch(normal_id(id_number))
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    return (on.year - year, on.month, on.day) < (OF_AGE, month, day) and year <= on.year
