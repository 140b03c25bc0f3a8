"""Who there is, who is on duty, who could take work, and what they may do."""

from .assignment import Call, able, owners
from .duty import Duty, Turn
from .organisation import Contact, Organisation

__all__ = ["Call", "Contact", "Duty", "Organisation", "Turn", "able", "owners"]
