"""What a person is told about each rule of eligibility; true of a rule kept and of one broken."""

from __future__ import annotations

from credit.decide.record import Check
from credit.decide.sentence import said
from credit.feature import Reason

WORDS: dict[str, Reason] = {
    "E_AGE": Reason(
        en="Borrowers must be {least} to {most} years old; you are {age}.",
        zh="借款人须年满{least}周岁且不超过{most}周岁；您现为{age}周岁。",
    ),
    "E_AGE_UNKNOWN": Reason(
        en="Borrowers must be {least} to {most} years old, and your date of birth is not known.",
        zh="借款人须年满{least}周岁且不超过{most}周岁，暂无法确认您的出生日期。",
    ),
    "E_KYC": Reason(
        en="Your identity must be confirmed by {needed}; still missing: {missing}.",
        zh="须通过{needed}完成实名认证；尚缺：{missing}。",
    ),
    "E_ACCT": Reason(
        en="You need an open bank account of your own of class {classes}, whose details at the "
        "bank are yours; the classes of the accounts you bound: {bound}.",
        zh="须绑定本人名下状态正常的{classes}类银行账户，且银行预留信息一致；"
        "您已绑定的账户类别：{bound}。",
    ),
    "E_ACCOUNTS": Reason(
        en="One identity may have {most} accounts at most; {accounts} are linked to yours.",
        zh="同一身份最多可拥有{most}个账户；与您身份关联的账户有{accounts}个。",
    ),
    "E_ACCOUNTS_UNKNOWN": Reason(
        en="One identity may have {most} accounts at most, and how many are linked to yours is "
        "not known yet.",
        zh="同一身份最多可拥有{most}个账户，暂无法确认与您身份关联的账户数量。",
    ),
    "E_COOLING": Reason(
        en="In the first {least} days you can ask what you would get, but not apply; "
        "{days} days have passed.",
        zh="注册后{least}天内仅可查询，不可申请；目前已过{days}天。",
    ),
    "E_COOLING_UNKNOWN": Reason(
        en="In the first {least} days nobody can apply, and when you registered is not known.",
        zh="注册后{least}天内不可申请，暂无法确认您的注册时间。",
    ),
    "E_TENURE": Reason(
        en="Your account must be {least} months old; it is {months} months old.",
        zh="账户须使用满{least}个月；您的账户已使用{months}个月。",
    ),
    "E_TENURE_UNKNOWN": Reason(
        en="Your account must be {least} months old, and when you registered is not known.",
        zh="账户须使用满{least}个月，暂无法确认您的注册时间。",
    ),
    "E_BUREAU": Reason(
        en="No debt may have been {most} or more days late in the last {months} months; the "
        "longest delay in your credit report is {worst} days.",
        zh="近{months}个月内不得有逾期{most}天及以上的记录；您信用报告中最长逾期为{worst}天。",
    ),
    "E_BUREAU_UNKNOWN": Reason(
        en="Your credit report could not be obtained, so it cannot be seen whether a debt was "
        "{most} or more days late in the last {months} months.",
        zh="未能取得您的信用报告，无法确认近{months}个月内是否有逾期{most}天及以上的记录。",
    ),
    "E_SCORE": Reason(
        en="Score asked for: {score}, at least {least}; yours: {value}.",
        zh="所需评分：{score}，不低于{least}；您的评分：{value}。",
    ),
    "E_SCORE_NONE": Reason(
        en="This product asks for no score of others.", zh="该产品不要求外部评分。"
    ),
    "E_SCORE_UNKNOWN": Reason(
        en="This product needs {score} of at least {least}, and you have none.",
        zh="该产品要求{score}不低于{least}，您尚无该评分。",
    ),
    "E_INCOME": Reason(
        en="Proof of income is {asked}; what you showed: {shown}.",
        zh="收入证明：{asked}；您已提供：{shown}。",
    ),
    "E_INCOME_UNKNOWN": Reason(
        en="Proof of income is {asked}, and it is not known whether you showed any.",
        zh="收入证明：{asked}，暂无法确认您是否已提供。",
    ),
    "E_SCOPE": Reason(
        en="We need your authorisation for: {needed}; still missing: {missing}.",
        zh="须经您授权：{needed}；尚缺：{missing}。",
    ),
    "E_LENDERS": Reason(
        en="In {days} days at most {most_lenders} other lenders may have asked about you, and "
        "{most_inquiries} times in all; there were {lenders} lenders and {inquiries} inquiries.",
        zh="近{days}天内查询您信用的其他机构不得超过{most_lenders}家，"
        "合计不得超过{most_inquiries}次；实际为{lenders}家、{inquiries}次。",
    ),
    "E_LENDERS_UNKNOWN": Reason(
        en="In {days} days at most {most_lenders} other lenders may have asked about you, and "
        "{most_inquiries} times in all; your credit report could not be obtained.",
        zh="近{days}天内查询您信用的其他机构不得超过{most_lenders}家，"
        "合计不得超过{most_inquiries}次；未能取得您的信用报告。",
    ),
}

NAMES: dict[str, Reason] = {
    "nothing": Reason(en="nothing", zh="无"),
    "id_card": Reason(en="identity card", zh="身份证"),
    "face": Reason(en="face", zh="人脸识别"),
    "wechat_pay": Reason(en="the WeChat Pay score", zh="微信支付分"),
    "zhima": Reason(en="the Zhima score", zh="芝麻分"),
    "optional": Reason(en="optional", zh="可选"),
    "none": Reason(en="not needed", zh="无需提供"),
    "required": Reason(en="required", zh="必须提供"),
    "statement": Reason(en="bank statement", zh="银行流水"),
    "social_insurance": Reason(en="social insurance", zh="社保"),
    "housing_fund": Reason(en="housing fund", zh="公积金"),
    "payslip": Reason(en="payslip", zh="工资单"),
    "basic_id": Reason(en="who you are", zh="基本身份信息"),
    "payments": Reason(en="payments", zh="支付记录"),
    "friend_chain": Reason(en="contacts", zh="好友关系"),
    "wealth": Reason(en="savings and investments", zh="理财资产"),
    "credit_record": Reason(en="credit record", zh="信用记录"),
    "call_logs": Reason(en="call records", zh="通话记录"),
    "location": Reason(en="whereabouts", zh="地理位置"),
}
"""Words for names that facts hold."""


def sentence(check: Check) -> Reason:
    """Return what a person is told about a check, in English and Chinese."""
    free = check.code == "E_SCORE" and check.facts["score"] == "nothing"
    return said(WORDS, "E_SCORE_NONE" if free else check.code, check.facts, NAMES)
