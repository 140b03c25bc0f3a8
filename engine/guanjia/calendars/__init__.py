"""Working time: amounts, calendars and their arithmetic. Pure."""

from .amounts import Amount, AmountError, format_amount, parse_amount
from .arithmetic import Calendar, compile_calendar
from .flattening import flatten
from .grammar import CalendarError, check_calendar

__all__ = [
    "Amount", "AmountError", "Calendar", "CalendarError", "check_calendar", "compile_calendar", "flatten",
    "format_amount", "parse_amount",
]  # fmt: skip
