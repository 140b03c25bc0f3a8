"""What the stories of a procedure reach, and what they do not."""

from .pieces import KINDS, Piece, pieces
from .watching import Coverage, Watch, Watches

__all__ = ["KINDS", "Coverage", "Piece", "Watch", "Watches", "pieces"]
