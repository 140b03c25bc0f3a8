"""Pictures of a procedure: what they show (`picture`), with a case or the past on them (`traces`), and how they are drawn."""

from .notations import dot, mermaid
from .picture import Picture, picture
from .svg import svg
from .traces import Traces, of_case, of_cases

FORMATS = {"svg": svg, "mermaid": mermaid, "dot": dot}

__all__ = ["FORMATS", "Picture", "Traces", "dot", "mermaid", "of_case", "of_cases", "picture", "svg"]
