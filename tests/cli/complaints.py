"""A small procedure that the tests of the command line work with, and the instant at which they begin."""

from __future__ import annotations

from guanjia.clock import from_iso

PROCEDURE = """\
procedure: complaint
number: TS-{year}-{seq:05}
calendar: office
fields:
  summary: {type: text, required: true}
  severity: {type: choice, of: [minor, major], default: minor}
  room: {type: room}
  phone: {type: phone, personal: true}
  urgent: {type: boolean}
  tags: {type: list}
  visit: {type: instant}
sla:
  respond: {start: open, stop: accept, target: [{within: 30m}], at: {due: [{escalate: {ladder: up}}]}}
ladders:
  up: {calendar: always, levels: [{to: supervisor}, {to: manager, wait: 1h}]}
initial: received
transitions:
  withdraw: {to: withdrawn, by: [customer, agent for customer]}
states:
  received:
    entry: [{assign: {role: agent, choose: first}}]
    transitions:
      accept:
        to: handling
        by: agent
        require: [room]
        input: {promise: {type: text, required: true}}
        do: [{notify: {told: customer}}]
  handling:
    transitions:
      finish: {to: closed, by: agent}
    signals:
      paid: {to: closed}
  closed: {final: true}
  withdrawn: {final: true}
modes:
  drill: {prefix: {zh: 【演练】, en: "[drill] "}}
labels:
  zh: {complaint: 投诉, received: 已受理, handling: 处理中, closed: 已办结, withdrawn: 已撤回, accept: 接单, finish: 办结, withdraw: 撤回,
       paid: 已付款, respond: 响应, up: 逐级上报, summary: 内容, severity: 严重程度, minor: 一般, major: 严重, room: 房号, phone: 电话, urgent: 加急, tags: 标签,
       visit: 上门时间, promise: 承诺, drill: 演练}
  en: {complaint: complaint, received: received, handling: in hand, closed: closed, withdrawn: withdrawn, accept: accept, finish: finish,
       withdraw: withdraw, paid: paid, respond: response, up: reporting upwards, summary: summary, severity: severity, minor: minor, major: major, room: room,
       phone: phone, urgent: urgent, tags: tags, visit: visit, promise: promise, drill: drill}
"""

NINE = from_iso("2026-11-24T09:00+08:00")
PHONE = "13800001234"
