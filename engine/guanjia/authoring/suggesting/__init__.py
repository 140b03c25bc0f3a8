"""Stories that are missing: found by the shortest ways through the real core, and written as people write them."""

from .suggested import Suggestion, Unreached, suggest, with_stories

__all__ = ["Suggestion", "Unreached", "suggest", "with_stories"]
