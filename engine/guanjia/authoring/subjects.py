"""What a notice is called: the subject of its letter, without what only the letter of one case has.

People know a notice by what stands in their inbox; the key of its template is for whoever writes procedures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ..errors import Text

_HEAD = re.compile(r"^(?:主题|Subject)[:：]\s*(.*)$", re.M)
_NUMBER = re.compile(r"^\s*(?:【\s*\{\{\s*number\s*\}\}\s*】|\[\s*\{\{\s*number\s*\}\}\s*\])\s*")
_OTHERWISE = re.compile(r"\{%-?\s*el(?:se|if)\b.*?%\}")
_TAG = re.compile(r"\{%.*?%\}|\{#.*?#\}")
_PROCEDURE = re.compile(r"\{\{\s*procedure\s*\|\s*label\s*\}\}")
_VALUE = re.compile(r"\{\{.*?\}\}")
_ENDS = re.compile(r"^[\s…:：,，]+|[\s…:：,，]+$")
_CROWDED = re.compile(r"(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9])")


def subject(
    templates: Mapping[str, str], template: str, label: Callable[[str, str], str], procedure: str
) -> Text | None:
    """By the `templates` of a version (`<language>/<name>.<channel>` -> text); None where none of them has a subject. `label` says what a
    name is called in a language."""
    found = {spoken: _in(spoken, templates, template, label(procedure, spoken)) for spoken in ("zh", "en")}
    either = found["zh"] or found["en"]
    return Text(found["zh"] or either, found["en"] or either) if either else None


def _in(spoken: str, templates: Mapping[str, str], template: str, procedure: str) -> str:
    begins = f"{spoken}/{template}."
    texts = (text for key, text in templates.items() if key.startswith(begins))
    found = next((match[1] for text in texts if (match := _HEAD.search(text))), "")
    found = _TAG.sub("", _OTHERWISE.sub("／" if spoken == "zh" else " / ", _NUMBER.sub("", found)))
    return _CROWDED.sub(" ", _ENDS.sub("", _VALUE.sub("…", _PROCEDURE.sub(lambda _: procedure, found))))
