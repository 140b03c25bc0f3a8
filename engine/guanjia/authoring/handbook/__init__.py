"""The written rule book of an office, made of the files that run: a chapter for each procedure, duties by role, pledges, standards.

`handbook` makes a `Document`; `markdown` and `page` lay it out. Nothing in it is written for the book: what it says is what the
procedures do, in the words of `explaining`.
"""

from .book import Book, handbook, notice_of_change
from .document import Document
from .house import House, as_of, day, editions, house_of
from .markdown import markdown
from .page import page

__all__ = [
    "Book", "Document", "House", "as_of", "day", "editions", "handbook", "house_of", "markdown", "notice_of_change", "page",
]  # fmt: skip
