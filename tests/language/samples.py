"""A whole procedure that is right in every respect, and what surrounds it: the tests break it in one place at a time."""

from __future__ import annotations

from guanjia.errors import Finding
from guanjia.language import Around, draft_procedure

COMPLAINT = """\
procedure: complaint
number: TS-{year}-{seq:05}
fields:
  channel:   {type: choice, of: [phone, wechat], required: true}
  severity:  {type: choice, of: [minor, critical], default: minor}
  summary:   {type: text, required: true, max: 500}
  score:     {type: integer, min: 1, max: 5}
  fee:       {type: money, default: 1.50}
  engineer:  {type: staff}
  visit_at:  {type: instant}
  grace:     {type: duration, default: 2h}
  mobile:    {type: phone, personal: true}
sla:
  respond:
    start: open
    stop: accept
    target:
      - {guard: severity == 'critical', within: 15m, calendar: always}
      - {within: 30m}
    at:
      80%:       [{notify: {sla_warning: assignee}}]
      due:       [{escalate: supervisor}]
      due + 30m: [{escalate: manager}]
      due + 1h:  [{escalate: {ladder: up}}]
  resolve:
    start: open
    pause: waiting
    stop: [closed, withdrawn]
    target: [{within: 3 workdays}]
ladders:
  up:
    calendar: always
    acknowledge: [accept, reopen]
    levels:
      - {to: supervisor}
      - {to: [manager, engineer, 'staff:engineer.li'], wait: 20m}
initial: received
transitions:
  withdraw: {to: withdrawn, by: [customer, agent for customer]}
states:
  received:
    entry: [{assign: {role: agent}}, {notify: {complaint_received: customer}}]
    transitions:
      accept: {to: investigating, by: agent, require: [channel, severity]}
  handling:
    initial: investigating
    states:
      investigating:
        transitions:
          ask: {to: waiting, by: agent, input: {question: {type: text, required: true}}}
          propose:
            to: visiting
            by: agent
            guard:
              - that: assignee != engineer
                else: {zh: 本人不得处理对自己的投诉, en: Nobody handles a complaint about himself}
      waiting:
        transitions:
          answered: {to: investigating, by: [customer, agent for customer]}
        after:
          no_answer: {delay: 5 workdays, to: investigating, do: [{notify: {sla_warning: customer}}]}
  visiting:
    transitions:
      confirm: {to: closed, by: agent, not_by: [propose], require: [score]}
  closed:    {final: true}
  withdrawn: {final: true, outcome: dropped}
reopen: {to: investigating, by: [customer, supervisor], within: 15 days, at_most: 1}
labels:
  zh: {complaint: 投诉, received: 已受理, handling: 处理, investigating: 调查, waiting: 待客户, visiting: 回访, closed: 已结案,
    withdrawn: 已撤回, withdraw: 撤回, accept: 接单, ask: 询问, propose: 提出方案, answered: 已答复, confirm: 确认, reopen: 重开,
    respond: 响应时限, resolve: 办结时限, up: 逐级上报, channel: 渠道, phone: 电话, wechat: 微信, severity: 程度, minor: 一般, critical: 严重,
    summary: 摘要, score: 评分, fee: 费用, engineer: 工程师, visit_at: 上门时间, grace: 宽限, mobile: 手机, question: 问题,
    dropped: 撤诉}
  en: {complaint: complaint, received: received, handling: handling, investigating: investigating, waiting: waiting,
    visiting: visit, closed: closed, withdrawn: withdrawn, withdraw: withdraw, accept: accept, ask: ask, propose: propose,
    answered: answered, confirm: confirm, reopen: reopen, respond: response, resolve: resolution, up: reporting upwards, channel: channel,
    phone: phone, wechat: WeChat, severity: severity, minor: minor, critical: critical, summary: summary, score: score,
    fee: fee, engineer: engineer, visit_at: visit, grace: grace, mobile: mobile, question: question, dropped: dropped}
"""

AROUND = Around(
    roles=frozenset({"agent", "supervisor", "manager"}),
    staff=frozenset({"engineer.li"}),
    staffed=frozenset({"agent", "supervisor", "manager", "team:front", "lead:front"}),
    teams=frozenset({"front", "empty"}),
    calendars=frozenset({"office"}),
    procedures={"complaint": frozenset({"summary"}), "repair": frozenset({"what", "room"})},
)


def found(text: str, around: Around | None = AROUND) -> list[Finding]:
    return draft_procedure(text, "complaint.yaml", around=around).findings


def pointed(finding: Finding) -> str:
    """What stands right of the caret."""
    line, caret = finding.snippet.split("\n")
    return line[len(caret) - 1 :]
