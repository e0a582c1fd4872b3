"""Complaints as people write them, each a way by which one went past the reader; and what is none."""

from __future__ import annotations

from functools import cache

import pytest

from activities.defaults import demo_organisation, police_words
from schemas.proposals.accusation import AccusationReader, Reading

CITY = demo_organisation()


@cache
def reader() -> AccusationReader:
    return AccusationReader(CITY, police_words())


def read(text: str, title: str = "反映", here: str = "WC/CY/01") -> Reading | None:
    return reader().read(title, text, here=here)


AFTER_THE_STATION = (
    "有人收黑钱",
    "在审讯时打我",
    "以权谋私",
    "处处刁难我",
    "为饭馆老板撑腰",
    "说我再告就关我",
    "做假笔录",
    "作威作福",
    "报案无人理睬",
    "反过来骂我",
    "知法犯法",
    "用手铐铐我",
    "得了好处",
    "提着警棍打我",
    "见死不救",
    "持枪威胁我",
    "住着一群流氓",
    "属实不作为",
)


@pytest.mark.parametrize("said", AFTER_THE_STATION)
def test_whatever_follows_the_whole_word_a_station_is_named(said: str) -> None:
    found = read(f"城关派出所{said}")
    assert found is not None and found.units == ("WC/CY/01",)


PLAIN = (
    "薛海龙收了我两千块钱才放人",
    "薛所长收钱才放人",
    "城关派出所的人打我",
    "薛海龙喝酒开警车",
    "城关派出所不立案",
    "丁山威胁我撤案",
    "汤勇所长和老板串通",
    "桥北派出所民警骂我",
    "魏国栋包养情人",
)
TITLES = (
    *("求助", "请求帮助", "建议", "要求", "咨询", "感谢", "谢谢", "致信访局", "呼吁关注", "麻烦处理一下", "请领导看看"),
    *("希望", "关于拆迁", "恳请督促", "拜托", "尊敬的领导"),
)
LEADS = ("请看看", "请问", "恳求领导管管", "督促一下", "感谢你们，", "尊敬的领导：", "求助：", "您好，", "谢谢。")
TAILS = (
    *("。谢谢！", "。谢谢领导", "。感谢领导百忙之中看信", "。此致敬礼 谢谢", "。望回复，谢谢。", "。希望帮忙，辛苦了"),
    *("，感谢！", "。谢谢您！", "。希望领导及时回复，祝工作顺利。"),
)


@pytest.mark.parametrize("text", PLAIN)
def test_manners_at_the_beginning_and_the_end_change_nothing(text: str) -> None:
    missed = [title for title in TITLES if read(text, title) is None]
    missed += [lead for lead in LEADS if read(lead + text) is None]
    missed += [tail for tail in TAILS if read(text + tail) is None]
    assert not missed


@pytest.mark.parametrize(
    "text",
    [
        "请查城关派出所收受饭馆好处。",
        "建议查一下城关派出所和饭馆的关系。",
        "要求城关派出所退还我的罚款，他们没开票。",
        "请问城关派出所凭什么打人？",
        "希望城关派出所不要再打人了。",
        "建议换掉汤勇所长，青禾路的治安自从他来了一天不如一天。",
        "感谢薛海龙所长，让我在号子里白白待了七天，出来肋骨断两根。",
        "感谢城关派出所打掉了我两颗牙。",
        "感谢领导看信，城关派出所打掉了我两颗牙。",
        "我向城关派出所报案，被他们骂了一顿。",
        "我到城关派出所反映，接待的人说滚。",
        "找城关派出所，被他们轰出来。谢谢！",
        "就是城关派出所干的。",
        "户籍大厅那个胖子收了我三百块",
        "你们信访室的人把我的信给了城关派出所",
        "请问康毅大队长的老婆能不能在青禾开酒吧？天天有警车停门口。",
    ],
)
def test_being_asked_or_thanked_does_not_excuse_what_is_said_of_them(text: str) -> None:
    pad = "事情是这样的，我家住在三楼，楼下开了个饭馆，油烟很大，我们邻居多次商量，街道也来过，居委会也来过。" * 4
    assert read(text) is not None
    assert read(pad + text) is not None
    assert read(text + "希望领导及时回复，祝工作顺利。") is not None


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("詹鹏辱骂我", "zhan-peng"),
        ("詹鹏酒驾", "zhan-peng"),
        ("詹鹏强奸我妹妹", "zhan-peng"),
        ("江超吸毒", "jiang-chao"),
        ("江超违法持枪", "jiang-chao"),
        ("孔铭勒索", "kong-ming"),
        ("纪凯索贿", "ji-kai"),
        ("梅兰作伪证", "mei-lan"),
        ("戴宇威胁我撤案", "dai-yu"),
        ("楚燕泄露我的信息", "chu-yan"),
        ("白露泄露我的信息", "bai-lu"),
        ("石磊泄露我的信息", "shi-lei"),
        ("叶青收了我的钱", "ye-qing"),
        ("宁静泄露我的信息", "ning-jing"),
        ("叶青这个人品行不端，半夜给我女儿发微信", "ye-qing"),
        ("白露说我材料不齐，来回跑了六趟，后来塞了红包就办了", "bai-lu"),
        ("安然半夜给我发信息要照片。谢谢领导", "an-ran"),
        ("熊大所长真熊，报案三次连个笔录都没有", "xiong-gang"),
        ("魏所说我再闹就拘我", "wei-guodong"),
        ("薛所在我店里白吃", "xue-hailong"),
    ],
)
def test_a_name_ends_where_a_word_of_complaint_begins(text: str, person: str) -> None:
    found = read(text)
    assert found is not None and person in found.persons


BEFORE_A_SURNAME = (
    *(
        "我知道",
        "晓得",
        "因为",
        "靠",
        "托",
        "找了",
        "除了",
        "包括",
        "帮",
        "替",
        "凭",
        "求",
        "为",
        "现任",
        "据说",
        "那就",
        "连",
        "全是",
    ),
    *("警官", "队长", "民警", "副", "姓名：", "“", "1、", "就怕", "多亏了"),
)


@pytest.mark.parametrize("before", BEFORE_A_SURNAME)
def test_a_surname_with_its_post_is_found_after_any_word(before: str) -> None:
    for said, person in (("方局长", "fang-zhen"), ("薛所", "xue-hailong"), ("方镇", "fang-zhen")):
        found = read(f"{before}{said}收了老板两套房")
        assert found is not None and person in found.persons, said


@pytest.mark.parametrize(
    "text", ["物业公司所长途运输车停了一排", "小区治安队长换人了", "责任民警联系不上", "白马所有人都在"]
)
def test_a_word_that_ends_like_a_surname_is_none(text: str) -> None:
    found = read(text)
    assert found is None or not found.persons


@pytest.mark.parametrize(
    "text",
    [
        "我在派出所门口摔了一跤，地面太滑。",
        "有人冒充警察骗了我妈两万元。",
        "诈骗电话自称是公安局的，要我转账。",
        "我家在澄阳县公安局家属院，暖气不热。",
        "河沿街派出所对面的路灯坏了一个月，晚上看不见路。",
        "河沿街派出所旁边的垃圾没人管。",
        "锦旗送给桥北派出所孟浩同志，谢谢您救了我父亲。",
        "感谢方警官上门给我奶奶办身份证。",
        "请河沿街派出所查处棋牌室赌博。",
        "希望公安局严厉打击骗子。",
        "邻居姓薛，天天半夜打麻将，吵得睡不着。",
    ],
)
def test_a_landmark_an_impostor_a_request_and_thanks_are_no_complaint(text: str) -> None:
    assert read(text, "诉求") is None


@pytest.mark.parametrize(
    ("text", "here", "units"),
    [
        ("青禾督察包庇河沿街派出所", "WC/QH/01", {"WC/QH/supervision", "WC/QH/01"}),
        ("督察大队的人收了河沿街所长的酒", "WC/QH/01", {"WC/supervision", "WC/QH/supervision"}),
        ("青禾交警中队的罚款不开票", "WC/QH/01", {"WC/QH", "WC/traffic"}),
        ("车管所黄牛和里面的人串通", "WC", {"WC/traffic"}),
        ("出入境大厅的人收红包", "WC/QH", {"WC/household"}),
        ("信访大厅里接待我的女的骂我神经病", "WC", {"WC/petitions"}),
        ("你们的民警打我", "WC/traffic", {"WC/traffic"}),
        ("你们队的人骂我", "WC/traffic", {"WC/traffic"}),
    ],
)
def test_the_department_itself_is_meant(text: str, here: str, units: set[str]) -> None:
    found = read(text, here=here)
    assert found is not None and units <= set(found.units), found


def test_words_never_name_the_city_bureau() -> None:
    found = read("市局经侦压案不办，市公安局收黑钱", here="WC")
    assert found is not None and "WC" not in found.units


@pytest.mark.parametrize(
    ("before", "added", "units", "persons"),
    [
        ("青禾路派出所办理", "姓顾的说我再闹就拘我", set[str](), {"gu-feng"}),
        ("路灯坏了", "姓顾的说我再闹就拘我", set[str](), {"gu-feng"}),
        ("路灯坏了", "小顾收了人家的好处", set[str](), {"gu-feng"}),
        ("青禾路派出所办理", "那个人又来威胁我了", {"WC/QH/02"}, set[str]()),
        ("路灯坏了", "承办人跟对方是亲戚", {"WC/QH/02"}, set[str]()),
        ("路灯坏了", "办事的人态度恶劣", {"WC/QH/02"}, set[str]()),
        ("路灯坏了", "处理的人是对方的亲戚", {"WC/QH/02"}, set[str]()),
        ("路灯坏了", "来的两个人打了我一巴掌", {"WC/QH/02"}, set[str]()),
        ("路灯坏了", "你们收了他的钱吧", {"WC/QH/02"}, set[str]()),
        ("我去河沿街派出所报案", "他们骂我滚，还收了钱", {"WC/QH/01", "WC/QH/02"}, set[str]()),
        ("顾峰来过我家", "那个人又来威胁我了", {"WC/QH/02"}, {"gu-feng"}),
        ("路灯坏了", "顾峰来我家吓唬我", set[str](), {"gu-feng"}),
    ],
)
def test_what_is_added_is_read_as_said_to_those_who_have_the_case(
    before: str, added: str, units: set[str], persons: set[str]
) -> None:
    found = reader().read("", added, here="WC/QH/02", context=before)
    assert found is not None
    assert units <= set(found.units) and persons <= set(found.persons), found


@pytest.mark.parametrize(
    "added",
    [
        "谢谢，路灯已经修好了。",
        "对面邻居又半夜放音乐了。",
        "老王家的狗还是没拴。",
        "我的电话换了，请打新的。",
        "请你们尽快处理。",
        "补充一张照片。",
    ],
)
def test_what_is_added_and_complains_of_nobody_of_the_police_is_no_accusation(added: str) -> None:
    assert reader().read("", added, here="WC/QH/02", context="河沿街派出所的同志来看过，路灯坏了") is None


@pytest.mark.parametrize(
    "name",
    [
        *("魏.国.栋", "魏-国-栋", "魏【国】栋", "魏国🐎栋", "魏。国。栋", "魏·国·栋", "魏/国/栋", "「魏」「国」「栋」"),
        *("Wei Guodong", "weiguodong", "WEI-GUO-DONG", "Guodong Wei", "wèi guó dòng", "魏囯棟", "魏国東", "魏國棟"),
        *("W国栋", "魏X栋", "魏*栋", "姓魏，名国栋，", "国栋所长", "魏某栋", "v_e_i魏 国 栋"),
    ],
)
def test_a_name_written_past_a_reader_is_read(name: str) -> None:
    found = read(f"{name}打人", here="WC/QH/01")
    assert found is not None and "wei-guodong" in found.persons


@pytest.mark.parametrize(
    "office",
    [
        "河·沿·街·派·出·所",
        "河沿街P出所",
        "河沿街派出sou",
        "河沿街pcs",
        "河沿街派处所",
        "河沿街Pai出所",
        "河【沿】街派出所",
        "河沿街 派 出 所",
        "河-沿-街-所",
    ],
)
def test_an_office_written_past_a_reader_is_read(office: str) -> None:
    found = read(f"{office}的人打人", here="WC/QH/02")
    assert found is not None and "WC/QH/01" in found.units


@pytest.mark.parametrize(
    "text",
    [
        "我在河边走，路灯、长椅都坏了",
        "The weather in Guodong is fine, please repair the lamp",
        "石桥镇、城关镇、柳林镇都停水了",
        "我国栋梁之材",
        "下载https://example.com/npcs/index.html打不开",
    ],
)
def test_what_only_looks_like_a_name_is_none(text: str) -> None:
    assert read(text) is None
