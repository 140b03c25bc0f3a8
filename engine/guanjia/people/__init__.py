"""Who there is and what they may do."""

from .organisation import Contact, Organisation

__all__ = ["Contact", "Organisation"]
