"""Working time: amounts, calendars and their arithmetic. Pure."""

from .accounting import Day
from .amounts import Amount, AmountError, Unit, format_amount, parse_amount
from .arithmetic import Calendar, compile_calendar
from .counting import Counting
from .flattening import flatten
from .grammar import CalendarError, check_calendar, days_of, meant_days, meant_window, window_of

__all__ = [
    "Amount", "AmountError", "Calendar", "CalendarError", "Counting", "Day", "Unit", "check_calendar", "compile_calendar", "days_of",
    "flatten", "format_amount", "meant_days", "meant_window", "parse_amount", "window_of",
]  # fmt: skip
