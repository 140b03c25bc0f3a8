"""YAML text to procedures and offices, or every problem at file:line:column."""

from .checks import Around
from .nodes import Document
from .office import OfficeFiles
from .procedures import Draft, draft_procedure, read_procedure_text
from .reading import read_yaml

__all__ = ["Around", "Document", "Draft", "OfficeFiles", "draft_procedure", "read_procedure_text", "read_yaml"]
