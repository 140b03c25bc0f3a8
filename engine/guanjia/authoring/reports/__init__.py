"""Reports over the history: what was promised and kept, how long it took, of what people complained (docs/reports.md)."""

from .facts import Facts, facts_of
from .figures import Figure, Report, Table
from .kinds import REPORTS, Asked

__all__ = ["REPORTS", "Asked", "Facts", "Figure", "Report", "Table", "facts_of"]
