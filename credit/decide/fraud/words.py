"""What a person is told about each signal, in English and Chinese."""

from __future__ import annotations

from credit.decide.clock import local
from credit.decide.fraud.record import Coach, Signal
from credit.decide.sentence import said
from credit.feature import Reason

WORDS: dict[str, Reason] = {
    "F_LARGE_PAYMENT": Reason(
        en="A single payment of {amount_fen} yuan is above {above_fen} yuan and is looked at by a "
        "person.",
        zh="单笔支付{amount_fen}元超过{above_fen}元，需专项审核。",
    ),
    "F_NIGHT_LARGE_TRANSFER": Reason(
        en="{amount_fen} yuan were to be sent at night (hour {hour}); above {above_fen} yuan that "
        "is rare.",
        zh="夜间（{hour}时）转出{amount_fen}元，超过{above_fen}元。",
    ),
    "F_NEW_PAYEE": Reason(
        en="{amount_fen} yuan were to go to somebody known for {days} days only.",
        zh="向{days}天内新增的收款人支付{amount_fen}元。",
    ),
    "F_MERCHANT_STOP": Reason(
        en="Payments to merchants of class {class} reach {spent_fen} yuan today, above {daily_fen} "
        "yuan; they are possible again tomorrow.",
        zh="今日向{class}类商户支付累计{spent_fen}元，超过{daily_fen}元，已暂停，次日恢复。",
    ),
    "F_FUND_FLOW": Reason(
        en="Of {drawn_fen} yuan borrowed, {spent_fen} yuan went to {category}, where loans may not "
        "go.",
        zh="贷款{drawn_fen}元中有{spent_fen}元流向禁止用途（{category}）。",
    ),
    "F_TOGETHER": Reason(
        en="Several of these warnings came within {minutes} minutes of each other.",
        zh="以上多项风险信号在{minutes}分钟内同时出现。",
    ),
    "F_REMOTE_LOGIN": Reason(
        en="A login came from a place {value} km from the one before.",
        zh="登录地点与上次相距{value}公里。",
    ),
    "F_IMPOSSIBLE_TRAVEL": Reason(
        en="Two logins lie further apart than anybody can travel in the time between them.",
        zh="两次登录之间的距离在该时间内无法到达。",
    ),
    "F_NEW_DEVICE": Reason(
        en="A login came from a device that was not seen before.", zh="使用新设备登录。"
    ),
    "F_ADDRESS_JUMP": Reason(
        en="Logins came from different network addresses within minutes.",
        zh="短时间内登录IP跳变。",
    ),
    "F_FAILED_LOGIN_BURST": Reason(
        en="{value} logins failed within an hour.", zh="一小时内登录失败{value}次。"
    ),
    "F_ENTRY_AFTER_FAILURES": Reason(
        en="Logins went through right after failed ones, {value} times within an hour.",
        zh="一小时内{value}次在失败后随即登录成功。",
    ),
    "F_RISKY_DEVICE": Reason(
        en="The device is on the list of risky ones.", zh="设备在风险设备名单中。"
    ),
    "F_EMULATOR": Reason(en="The device is an emulator.", zh="设备为模拟器。"),
    "F_ROOTED_DEVICE": Reason(
        en="The protection of the device was removed.", zh="设备已被ROOT或越狱。"
    ),
    "F_UNLIKE_FACE": Reason(en="The face was unlike the one on record.", zh="人脸与留存照片不符。"),
    "F_SHARED_DEVICE": Reason(
        en="{value} people use one of the devices.", zh="同一设备有{value}人使用。"
    ),
    "F_PAYMENT_BURST": Reason(en="{value} payments within an hour.", zh="一小时内支付{value}笔。"),
    "F_FAILED_PAYMENT_BURST": Reason(
        en="{value} payments failed within an hour.", zh="一小时内支付失败{value}笔。"
    ),
    "F_MANY_RECEIVERS": Reason(
        en="Money was sent to {value} people within a day.", zh="一天内向{value}人转账。"
    ),
    "F_MANY_LENDERS": Reason(
        en="Credit accounts at {value} other places became known in 90 days.",
        zh="近90天在{value}处有信贷账户。",
    ),
    "F_MANY_APPLICATIONS": Reason(
        en="{value} applications within 7 days.", zh="近7天申请{value}次。"
    ),
}
"""Code of a signal -> its sentence, with ``{named}`` places."""


GUIDE = Reason(
    en="This payment looks like those that people are talked into by fraudsters. Nobody from a "
    "bank, the police or a shop asks you to send money to a safe account, or for a code. Payments "
    "pause until {until}; call the person you want to pay before you go on.",
    zh="该笔支付疑似诈骗。银行、公检法及商家不会要求您向“安全账户”转账或索要验证码。"
    "支付暂停至{until}，请先与收款人电话核实。",
)
"""What the coach says, with ``{until}`` where the end of the pause stands."""


def guide(coach: Coach, zone: str) -> Reason:
    """Return what the coach says; the end of the pause is read on the clock of a zone."""
    until = f"{local(coach.pause_until, zone):%H:%M}"
    return Reason(en=GUIDE.en.format(until=until), zh=GUIDE.zh.format(until=until))


def sentence(signal: Signal) -> Reason:
    """Return what a person is told about a signal, in English and Chinese."""
    return said(WORDS, signal.code, signal.facts)
