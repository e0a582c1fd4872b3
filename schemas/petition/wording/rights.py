"""On whose authority an event was recorded, in one sentence of each language."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.petition.rules.authority import Scope
from schemas.petition.rules.deeds import AuthorityBasis, Basis
from schemas.petition.wording.terms import chinese

_SCOPES: Mapping[Scope, tuple[str, str]] = {
    Scope.REGISTRY: ("登记单位或归属单位在其管辖之内", "the registry or the unit of the case lies in their reach"),
    Scope.ACCOUNTABLE: ("其单位为责任单位", "their unit is accountable for the case"),
    Scope.REFERRER: ("其单位为责任单位", "their unit is accountable for the case"),
    Scope.OUTSIDE: (
        "责任单位应当回避，由外部机关提级",
        "the accountable unit is recused, so an outside authority calls it up",
    ),
    Scope.OFFERED: ("转送所致的机关", "the authority the case was offered to"),
    Scope.SIGNER: ("责任单位，双组长时亦含承办单位", "the accountable unit, for a joint team its offices too"),
    Scope.NEXT_HIGHER: ("责任单位的上一级", "the unit above the accountable one"),
    Scope.LEAD: ("为主办单位办理", "works for the lead office"),
    Scope.OFFICE: ("为主办或协办单位办理", "works for an office of the case"),
    Scope.PETITIONER: ("凭查询码，本人的件", "by the tracking code, their own case"),
    Scope.COMPLAINTS: (
        "在其管辖内认定被反映对象",
        "decides within their reach who is complained of",
    ),
    Scope.SECOND: ("须两人决定事项的第二人", "the second of the two people it takes"),
    Scope.VISITOR: ("其单位未曾承办此件", "of no unit that handled the case"),
}

_OTHERWISE: Mapping[Basis, tuple[str, str]] = {
    Basis.POLICY: ("依政策视同", "taken as done by policy"),
    Basis.LADDER: ("时限已到，系统依阶梯记录", "its instant had come; recorded by the ladder"),
    Basis.CONSEQUENCE: ("随同一决定产生", "follows from the same decision"),
    Basis.SYSTEM: ("系统", "the system"),
}


def authority_said(right: AuthorityBasis) -> tuple[str, str]:
    """Chinese and English. Who it was stands beside it: the sentence says by what right."""
    if right.basis is not Basis.RIGHT:
        return _OTHERWISE[right.basis]
    if right.command == "file":
        return "登记之权", "the right to register"
    if right.scope is None or right.role is None:
        return "规则未赋予该角色此项权限，须核查", "the rules give that role no such right: look into it"
    zh, en = _SCOPES[right.scope]
    # Who may revisit is said by whose the case was not.
    units = () if right.scope is Scope.VISITOR else right.units
    zh_units, en_units = (f"（{'、'.join(units)}）", f" ({', '.join(units)})") if units else ("", "")
    return f"{chinese(right.role)}之权：{zh}{zh_units}", f"as {right.role.value}: {en}{en_units}"
