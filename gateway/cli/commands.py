"""Every command of ``sanzhang`` in the order of its help: where it lies, and the line that says what it is for.

The line is the first of the command's own help, which a test holds against it; here it can be told without importing the command.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.cli.lazy import Command, Group

_FIELDS_VARY: Final[Mapping[str, Any]] = {"allow_extra_args": True, "ignore_unknown_options": True}
"""The fields differ from command to command, so the parser leaves what it does not know to us."""

COMMANDS: Final[Mapping[str, Command | Group]] = {
    "up": Command("gateway.cli.machine:up", "启动整套系统，按 Ctrl-C 停止 / run the whole system here until Ctrl-C."),
    "import": Command(
        "gateway.cli.importing:import_",
        "导入留言工作簿，可中断、可重复 / file the messages of a workbook; safe to interrupt and to repeat.",
    ),
    "simulate": Command(
        "gateway.cli.simulate:simulate",
        "用真实留言推演政策，不需要引擎 / drive answered messages through the rules in virtual time; no engine.",
    ),
    "board": Command(
        "gateway.cli.board:board",
        "看板：各账办理情况、逾期分布，可回看任一时刻 / measures per ledger, overdue by unit and age, now or as of any moment.",
    ),
    "case": Group(
        "案件：查询与办理 / cases: read them and act on them.",
        {
            "list": Command("gateway.cli.case.reading:list_cases", "案件列表 / list cases."),
            "show": Command(
                "gateway.cli.case.reading:show",
                "案件详情，个人信息脱敏 / one case, personal data masked; what the viewer may do now and why not the rest.",
            ),
            "history": Command(
                "gateway.cli.case.reading:history",
                "案件经过：谁在何时做了什么 / everything that happened, by whom, when.",
            ),
            "why": Command(
                "gateway.cli.case.reading:why",
                "期限从何而来：依据、起算日、逐日说明 / why each term ends when it does, day by day.",
            ),
            "reveal": Command(
                "gateway.cli.case.revealing:reveal",
                "查看信访人的个人信息（先记录，后显示） / a petitioner's personal data in clear; first it is recorded who looks and why.",
            ),
            "act": Command(
                "gateway.cli.case.acting:act",
                "办理案件 / act on a case: --字段 值 for each field of the command, e.g. assign --lead XA/A3/01 --co-office XA/A3/02.",
                _FIELDS_VARY,
            ),
            "file": Command(
                "gateway.cli.case.acting:file",
                "登记一件诉求，给出编号和查询码 / file one petition; what is left out is proposed, with the reason.",
            ),
        },
    ),
    "policy": Group(
        "政策：各类期限和规则 / the policy: every figure cases are handled by.",
        {
            "show": Command("gateway.cli.documents:show_policy", "现行政策 / the policy in force."),
            "check": Command(
                "gateway.cli.documents:check_policy", "检查政策文件，不导入 / judge a policy file without importing it."
            ),
            "import": Command(
                "gateway.cli.documents:import_policy",
                "导入政策，成为新版本；已有案件仍按登记时的版本 / import it as the next version; cases filed before keep theirs.",
            ),
        },
    ),
    "org": Group(
        "组织机构：单位和人员 / the organisation: units and people.",
        {
            "show": Command("gateway.cli.documents:show_organisation", "单位和人员 / units and people."),
            "check": Command(
                "gateway.cli.documents:check_organisation",
                "检查组织机构文件，不导入 / judge an organisation file without importing it.",
            ),
            "import": Command(
                "gateway.cli.documents:import_organisation", "导入组织机构，成为新版本 / import it as the next version."
            ),
        },
    ),
    "calendar": Group(
        "工作日历 / the work calendar.",
        {
            "show": Command(
                "gateway.cli.calendars:show", "放假与调休上班的日子 / the days that differ from Monday to Friday."
            ),
            "check": Command(
                "gateway.cli.calendars:check",
                "缺哪些年份的放假通知（每年 11 月 1 日起提醒下一年） / which years' notices are missing.",
            ),
            "import": Command(
                "gateway.cli.calendars:import_",
                "导入放假通知，并重算受影响的未结案件 / import a holiday notice and recompute the open cases that lean on it.",
            ),
        },
    ),
    "intake": Command("gateway.cli.intake:app", "消息接入 / petitions from a broker."),
    "audit": Group(
        "审计：重放、核验、对账、卷宗 / audit: replay, verify, reconcile, export.",
        {
            "access": Command(
                "gateway.cli.audit.access:access",
                "查阅记录：谁在何时、因何查看了谁的个人信息，谁导出了卷宗 / who saw personal data, when, why; who exported dossiers.",
            ),
            "checkpoint": Command(
                "gateway.cli.audit.checkpoint:checkpoint",
                "检查点：把所有链的末端写入签名日志（库外保存）/ sign the heads of all chains into the log outside the database.",
            ),
            "proof": Command(
                "gateway.cli.audit.checkpoint:proof",
                "证明：本案的链值在签名日志中，可离线核验 / that a case is in the signed log; can be checked without us.",
            ),
            "export": Command(
                "gateway.cli.audit.export:export",
                "导出案卷：PDF、事件、流程历史、证明与公钥，可离线核验；每次导出均记入日志 / a dossier that can be checked without us.",
            ),
            "reconcile": Command(
                "gateway.cli.audit.reconcile:reconcile",
                "对账：引擎、审计记录、读模型三方比对；有不符则退出码为 1 / compare engine, record and read model.",
            ),
            "replay": Command(
                "gateway.cli.audit.replay:replay",
                "重放：以今天的程序重走流程历史，逐条比对当时的决定；有不同则退出码为 1 / replay histories and compare every decision.",
            ),
            "security": Command(
                "gateway.cli.audit.security:security",
                "安全记录：登录、账户与令牌、导入导出、附件读取、无权查找 / sign-ins, accounts, tokens, imports, exports, attempts.",
            ),
            "timeline": Command(
                "gateway.cli.audit.timeline:timeline",
                "某一时刻的案情：谁凭何权限做了何事、两套时钟、时间归属、通知、查阅 / a case at any moment, as people saw it.",
            ),
            "verify": Command(
                "gateway.cli.audit.verify:verify",
                "核验：重算事件链、封存、检查点和签名，指出被改动之处；全部成立退出码才为 0 / recompute everything; name what was altered.",
            ),
        },
    ),
    "account": Group(
        "本地账户：登录门户用 / local accounts, to sign in with.",
        {
            "set": Command(
                "gateway.cli.accounts:set_",
                "设置密码；已登录的须重新登录 / give a person a password; whoever is signed in as them is signed out.",
            ),
            "disable": Command(
                "gateway.cli.accounts:disable",
                "停用：其登录、令牌与统一身份认证登录立即失效 / shut a person out: sessions, tokens and the provider's sign-in end at once.",
            ),
            "enable": Command(
                "gateway.cli.accounts:enable",
                "恢复停用的账户；令牌须另发 / let a person in again, with the password there was; tokens are made anew.",
            ),
            "sessions": Command("gateway.cli.accounts:sessions", "此人现有的登录 / where a person is signed in now."),
            "end": Command("gateway.cli.accounts:end", "结束此人的登录，立即生效 / end a person's sessions at once."),
            "list": Command(
                "gateway.cli.accounts:list_accounts", "有本地账户的人员 / the people with a local account."
            ),
        },
    ),
    "token": Group(
        "API 令牌：给其他系统用 / API tokens, for other systems.",
        {
            "create": Command("gateway.cli.tokens:create", "新令牌，只显示这一次 / a new token, shown this once."),
            "revoke": Command("gateway.cli.tokens:revoke", "撤销令牌，立即生效 / end a token at once."),
            "list": Command("gateway.cli.tokens:list_tokens", "所有令牌 / all tokens, those that are over too."),
        },
    ),
}
