"""What people call the types of fields."""

from __future__ import annotations

from ..errors import Text

TYPES = {
    "text": Text("文字", "text"),
    "integer": Text("整数", "whole number"),
    "decimal": Text("小数", "number"),
    "money": Text("金额", "amount of money"),
    "boolean": Text("是/否", "yes/no"),
    "choice": Text("选项", "choice"),
    "date": Text("日期，如 2026-11-24", "date, e.g. 2026-11-24"),
    "instant": Text("时间，如 2026-11-24 09:05", "time, e.g. 2026-11-24 09:05"),
    "duration": Text("时长，如 2h30m", "length of time, e.g. 2h30m"),
    "phone": Text("电话", "phone number"),
    "email": Text("邮箱", "e-mail address"),
    "room": Text("房号", "room"),
    "customer": Text("客户编号", "customer's id"),
    "staff": Text("员工编号", "id of a member of staff"),
    "list": Text("列表，用逗号分开", "list, separated by commas"),
    "entry": Text("台账的一行", "row of a registry"),
    "attachment": Text("附件", "attachment"),
}
