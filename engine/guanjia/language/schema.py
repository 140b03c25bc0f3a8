"""JSON Schema of the files of an office, made of the very models that read them: for completion and help in an editor.

Every key has its meaning in both languages. Short forms are allowed as the models allow them: one where several may stand, a name where a
mapping may. A schema is more lenient than `check`, which is the judge; what it does refuse is refused there too.
"""

from __future__ import annotations

import types
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ..calendars.grammar import KEYS as CALENDAR
from ..model.clauses import Clauses
from ..model.office import Office, Organisation, Roster
from ..model.procedure import Branch, Delay, Procedure
from ..model.registry import RegistryFile
from ..model.standards import Overlay, Standards
from ..model.stories import Stories
from .keys import keys, meaning

FILES: dict[str, tuple[str, ...]] = {
    "procedure": ("procedures/*.yaml", "!procedures/*.stories.yaml"),
    "fragment": ("procedures/shared/**/*.yaml",),
    "stories": ("procedures/*.stories.yaml",),
    "office": ("office.yaml", "!calendars/*.yaml"),
    "organisation": ("organisation.yaml",),
    "calendar": ("calendars/*.yaml",),
    "roster": ("rosters/*.yaml",),
    "registry": ("registries/*.yaml",),
    "standards": ("standards.yaml",),
    "overlay": ("overlays/*.yaml",),
    "clauses": ("clauses.yaml",),
}
"""The files that each schema is for."""

_MODELS: dict[str, type[BaseModel]] = {
    "procedure": Procedure, "fragment": Procedure, "stories": Stories, "office": Office, "organisation": Organisation, "roster": Roster,
    "registry": RegistryFile, "standards": Standards, "overlay": Overlay, "clauses": Clauses,
}  # fmt: skip
_SCALAR = ["string", "number", "boolean"]


def schema(name: str) -> dict[str, Any]:
    """The schema of one kind of file, of `FILES`."""
    about = {"$schema": "http://json-schema.org/draft-07/schema#", "title": f"Guanjia: {name}"}
    if name == "calendar":
        properties = {key: _told({}, f"Calendar.{key}") for key in CALENDAR}
        return about | {"type": "object", "properties": properties, "additionalProperties": False}
    definitions: dict[str, Any] = {}
    root = _Making(definitions).body(_MODELS[name], required=name != "fragment")
    return about | root | {"definitions": definitions}


class _Making:
    """The definitions of one schema on their way."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self.definitions = definitions

    def model(self, model: type[BaseModel]) -> dict[str, Any]:
        """A reference to the model, which is defined when it is first met."""
        name = model.__name__
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = self.body(model, required=True)
        return {"$ref": f"#/definitions/{name}"}

    def body(self, model: type[BaseModel], *, required: bool) -> dict[str, Any]:
        fields = {field.alias or name: (model, field) for name, field in model.model_fields.items()}
        if model is Delay:  # the body of its one branch stands beside its timing
            fields |= {field.alias or name: (Branch, field) for name, field in Branch.model_fields.items()}
        properties = {key: self.key(owner, key, field) for key, (owner, field) in fields.items()}
        if "states" in properties:
            properties["include"] = _told({}, "File.include")
        if model is Procedure and not required:
            properties["parameters"] = _told({"type": "object"}, "File.parameters")
        needed = (
            [key for key, (_, field) in fields.items() if field.is_required() and key != "branches"] if required else []
        )
        return {"type": "object", "properties": properties, "additionalProperties": False, "required": needed}

    def key(self, owner: type[BaseModel], key: str, field: FieldInfo) -> dict[str, Any]:
        text = meaning(owner, key)
        shape = self.shape(field.annotation)
        if any(type(item).__name__ == "BeforeValidator" for item in field.metadata):
            shape = self.short(shape)
        about = {} if text is None else {"description": f"{text.zh}\n\n{text.en}"}
        return about | ({"allOf": [shape]} if "$ref" in shape else shape)

    def short(self, shape: dict[str, Any]) -> dict[str, Any]:
        """A text, one item or a list of them, or nothing, in the place of the whole form."""
        one = shape.get("items") or shape
        return {"anyOf": [shape, one, {"type": ["string", "number", "boolean", "null"]}, {"type": "array"}]}

    def shape(self, annotation: Any) -> dict[str, Any]:
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            shape = self.shape(args[0])
            return self.short(shape) if any(type(item).__name__ == "BeforeValidator" for item in args[1:]) else shape
        if origin in (Union, types.UnionType):
            shapes = [self.shape(arg) for arg in args if arg is not type(None)]
            if type(None) in args:
                shapes.append({"type": "null"})
            return shapes[0] if len(shapes) == 1 else {"anyOf": shapes}
        if origin is Literal:
            return {"enum": list(args)}
        if origin is dict:
            return {"type": ["object", "null"], "additionalProperties": self.shape(args[1])}
        if origin is tuple:
            return {"type": "array", "items": self.shape(args[0])}
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return self.model(annotation)
        if annotation is bool:
            return {"type": "boolean"}
        if annotation is int:
            return {"type": "integer"}
        if annotation in (str, Decimal):
            return {"type": _SCALAR}
        return {}


def _told(shape: dict[str, Any], name: str) -> dict[str, Any]:
    text = keys()[name]
    return {"description": f"{text.zh}\n\n{text.en}"} | shape
