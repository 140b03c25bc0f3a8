"""Who there is, who is on duty, and what they may do."""

from .duty import Duty, Turn
from .organisation import Contact, Organisation

__all__ = ["Contact", "Duty", "Organisation", "Turn"]
