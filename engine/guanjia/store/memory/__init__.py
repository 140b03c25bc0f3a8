"""The store in memory."""

from .store import MemoryStore
from .transaction import CaseInMemory, MemoryTransaction

__all__ = ["CaseInMemory", "MemoryStore", "MemoryTransaction"]
