"""The field's terms in both languages, once. Screens show the Chinese first; code and data use the English key."""

from __future__ import annotations

TERMS: dict[str, str] = {
    # ledgers
    "suggestion": "意见建议",
    "claim": "利益诉求",
    "complaint": "投诉举报",
    # complexity
    "simple": "简单（快处理）",
    "complex": "复杂（快报告）",
    # stages
    "receive": "收集建档",
    "approve": "快速报批",
    "assign": "及时交办",
    "supervise": "督促办理",
    "reply": "结果答复",
    "revisit": "回访报告",
    "sign_off": "领导把关",
    "archive": "公开问责",
    "archived": "销号归档",
    # roles
    "operator": "受理员",
    "upstream": "上游系统",
    "chief": "三长（负责人）",
    "supervisor": "督办员",
    "handler": "承办人",
    "visitor": "回访员",
    "auditor": "审计员",
    "petitioner": "群众本人",
    "system": "系统",
    # outcomes
    "supported": "支持",
    "explained": "解释说明",
    "not_supported": "不支持",
    # grounds
    "satisfied": "群众满意",
    "declined": "不予受理",
    "transferred": "转送",
    "withdrawn": "撤回",
    "terminated": "终结",
    # cards
    "yellow": "黄牌",
    "red": "红牌",
    # clocks
    "finish": "办结",
    "accused": "认定被反映对象",
    "statute_accept": "法定受理",
    "statute_finish": "法定办结",
    # rungs
    "reminder": "提醒",
    "up1": "上报上一级",
    "up2": "上报上两级",
    "up3": "上报市局",
    "up4": "上报市局",
    "warning": "法定期限预警",
    "breach": "法定期限届满",
    # pause reasons
    "petitioner_material": "等待群众补充材料",
    "hearing": "听证",
    "appraisal": "鉴定",
    # decline grounds
    "litigation": "诉访分离（已进入或应当通过诉讼）",
    "already_accepted": "同一事项已受理",
    "not_competent": "不属于本机关职权",
    "already_concluded": "已经复核终结",
    # journal entries
    "revealed": "查看个人信息",
    "exported": "导出卷宗",
    "repaired": "重建读模型",
    "run_ended_outside": "流程在系统外被终止",
    "reconciled": "对账",
    "verified": "核验",
    "replayed": "重放",
    "checkpointed": "检查点",
    "history_lost": "流程历史已失",
    "seal_hindered": "销号归档受阻",
    "reveal_stopped": "查看个人信息达到上限",
    "unusual_reading": "查看个人信息异常",
    "signed_in": "登录",
    "signed_out": "退出",
    "sign_in_failed": "登录失败",
    "sign_in_slowed": "登录被限速",
    "account_set": "设置密码",
    "account_disabled": "停用",
    "account_enabled": "恢复",
    "token_created": "发放令牌",
    "token_revoked": "撤销令牌",
    "session_ended": "结束登录",
    "imported": "导入",
    "table_exported": "导出表格",
    "attachment_read": "读取附件",
    "case_sought": "查找无权或不存在的件",
    # for what personal data is seen
    "call_back": "回电联系",
    "visit": "上门走访",
    "verify_identity": "核对身份",
    "deliver_answer": "送达答复",
    "hand_over": "移送有权机关",
    "sample": "抽查核实",
    "look_into": "调查异常查阅或举报",
    "other": "其他",
    # what is unusual in it
    "many_in_an_hour": "一小时内次数过多",
    "outside_hours": "非工作时间",
    "not_own_cases": "多件非本单位案件",
    "same_case": "反复查看同一件",
    "other_reasons": "多次不选所列理由",
    # what awaits a second person
    "letting_off": "排除被反映对象",
    "disclosure": "公开事项",
    "retraction": "撤回公开",
    # disclosure exemptions
    "privacy": "涉及个人隐私",
    "accuser_protection": "保护举报人",
    "investigation": "涉及在办案件",
    "secret": "涉及国家秘密或商业秘密",
    "minor": "涉及未成年人",
}


def chinese(term: str) -> str:
    """The Chinese term; the key itself where there is none."""
    return TERMS.get(term, term)


def clock_in_chinese(name: str) -> str:
    """The word for a term: 交办, where ``assign`` as a stage is 及时交办."""
    return "交办" if name == "assign" else chinese(name)
