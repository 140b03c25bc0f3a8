"""A new procedure from a few answers: one that is taken on, done and closed in time, with its texts in both languages and a story.

What is written is an ordinary procedure, to be changed from there. It is checked and its story is told in a copy of the office
before a single file of it is there.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..errors import Invalid, Refused, Text
from ..language import OfficeFiles, read_yaml
from .stories import run_stories

STANDARDS = "standards.yaml"


@dataclass(frozen=True, slots=True)
class Answers:
    """What is known of a procedure that is to begin."""

    name: str
    zh: str
    en: str
    """What people call it."""
    opens: tuple[str, ...]
    """Words for who opens a case."""
    does: str
    """The role that does the work."""
    above: str
    """The role that is told when it is late."""
    answer: str
    """Within how long somebody takes it on, as a procedure writes durations."""
    finish: str
    """Within how long it is done."""


def files_of(answers: Answers, calendar: str, opener: str, by_standard: bool) -> dict[str, str]:
    """The files of the procedure, by their place in the office. `opener` opens the case of its story; `by_standard`: its limits
    stand among the standards of the office."""
    name = answers.name
    found = {
        f"procedures/{name}.yaml": _procedure(answers, calendar, by_standard),
        f"procedures/{name}.stories.yaml": _story(answers, opener),
    }
    for template, texts in _TEXTS.items():
        for language, text in texts.items():
            found[f"templates/{language}/{name}_{template}.text.j2"] = text
    return found


def begin(folder: str | Path, answers: Answers) -> list[str]:
    """Write the procedure into the office; the files that were written. Refused where one is there already, Invalid where what
    would be written is wrong; then nothing is written."""
    files = OfficeFiles(folder, still=True)
    calendars = files.calendars()
    root = Path(folder)
    standards = _standards(root, answers)
    calendar = "office" if "office" in calendars else "always"
    written = files_of(answers, calendar, answers.opens[0], standards is not None)
    taken = [path for path in written if (root / path).exists()]
    if answers.name in files.procedures() or taken:
        what = ", ".join(taken) or answers.name
        raise Refused(
            "file", Text(f"已经有了：{what}。", f"There is already: {what}."),
            Text("换一个名字；已有的文件不会被覆盖。", "Use another name; nothing is overwritten."),
        )  # fmt: skip
    changed = {} if standards is None else {STANDARDS: standards}
    _prove(root, answers.name, written, changed)
    made: list[Path] = []
    try:
        for path, text in written.items():
            aim = root / path
            aim.parent.mkdir(parents=True, exist_ok=True)
            with open(aim, "x", encoding="utf-8") as file:
                made.append(aim)
                file.write(text)
        for path, text in changed.items():
            beside = root / f".{path}.new"
            made.append(beside)
            beside.write_text(text, encoding="utf-8")
            beside.replace(root / path)
    except BaseException:
        for aim in made:
            aim.unlink(missing_ok=True)
        raise
    return [*written, *changed]


def _standards(root: Path, it: Answers) -> str | None:
    """The standards of the office with the limits of the procedure after them; None where it has none. Refused where they cannot
    be put there."""
    if not (root / STANDARDS).is_file():
        return None
    text = (root / STANDARDS).read_text(encoding="utf-8")
    known = read_yaml(text, STANDARDS).data
    for key, within, zh, en in (("answer", it.answer, "接单", "taken on"), ("completion", it.finish, "办结", "done")):
        item = f"{{zh: {_quoted(f'{it.zh}：{zh}')}, en: {_quoted(f'{it.en}: {en}')}}}"
        line = f"  {it.name}_{key}: {{item: {item}, within: {within}, basis: company}}"
        text = f"{text.rstrip(chr(10))}\n{line}\n"
        known["standards"][f"{it.name}_{key}"] = {
            "item": {"zh": f"{it.zh}：{zh}", "en": f"{it.en}: {en}"},
            "within": within,
            "basis": "company",
        }
    try:
        fits = read_yaml(text, STANDARDS).data == known
    except Invalid:
        fits = False
    if not fits:
        raise Refused(
            "file", Text(f"{STANDARDS} 的末尾添不上新的时限。", f"No limit can be added at the end of {STANDARDS}."),
            Text("让 standards: 成为文件的最后一段，每条缩进两格。", "Let standards: be the last part of the file, each of them indented by two."),
        )  # fmt: skip
    return text


def _prove(root: Path, name: str, written: dict[str, str], changed: dict[str, str]) -> None:
    """Check the files and tell the story in a copy of the office, without its cases."""
    with tempfile.TemporaryDirectory(prefix="guanjia-") as copy:
        for part in ("procedures", "templates", "calendars", "rosters", "overlays"):
            if (root / part).is_dir():
                shutil.copytree(root / part, Path(copy) / part)
        for file in root.glob("*.yaml"):
            shutil.copyfile(file, Path(copy) / file.name)
        for path, text in (written | changed).items():
            aim = Path(copy) / path
            aim.parent.mkdir(parents=True, exist_ok=True)
            aim.write_text(text, encoding="utf-8")
        findings = [
            finding
            for finding in OfficeFiles(copy).check()
            if finding.severity == "error" and finding.file in written | changed
        ]
        if findings:
            raise Invalid(findings)
        for result in run_stories(copy, [name]):
            if not result.passed:
                why = result.message or Text("", "")
                raise Refused(
                    "story",
                    Text(
                        f"写出来的情景走不通：{why.zh}", f"The story that would be written does not come true: {why.en}"
                    ),
                )


def _procedure(it: Answers, calendar: str, by_standard: bool) -> str:
    answer, finish = (
        f"standard: {it.name}_{key}" if by_standard else f"within: {value}"
        for key, value in (("answer", it.answer), ("completion", it.finish))
    )
    opens = ", ".join(dict.fromkeys((*it.opens, "customer")))
    return f"""\
# {it.zh} / {it.en}
procedure: {it.name}
number: {it.name.upper()}-{{year}}-{{seq:05}}
calendar: {calendar}
open_by: [{opens}]
fields:
  summary: {{type: text, required: true, max: 500}}
  result:  {{type: text, max: 1000}}
sla:
  answer:
    start: open
    stop: [handling, withdrawn]
    target: {{{answer}}}
    at:
      80%: [{{notify: {{{it.name}_hurry: assignee}}}}]
      due: [{{escalate: {{to: {it.above}, template: {it.name}_late}}}}]
  completion:
    start: open
    stop: [closed, withdrawn]
    target: {{{finish}}}
    at:
      80%: [{{notify: {{{it.name}_hurry: assignee}}}}]
      due: [{{escalate: {{to: {it.above}, template: {it.name}_late}}}}]
initial: received
transitions:
  withdraw: {{to: withdrawn, by: [customer, {it.does}, {it.above}]}}
states:
  received:
    entry:
      - assign: {{role: {it.does}}}
      - notify: {{{it.name}_received: customer}}
      - notify: {{{it.name}_work: assignee}}
    transitions:
      accept: {{to: handling, by: [assignee, {it.above}]}}
  handling:
    transitions:
      finish:
        to: closed
        by: [assignee, {it.above}]
        require: [result]
        do: [{{notify: {{{it.name}_closed: customer}}}}]
  closed:    {{final: true}}
  withdrawn: {{final: true}}
reopen: {{to: handling, by: [customer, {it.above}], within: 7 days}}
labels:
  zh: {{{it.name}: {_quoted(it.zh)}, received: 已登记, handling: 办理中, closed: 办结, withdrawn: 已撤回, accept: 接单, finish: 完成, withdraw: 撤回, reopen: 重开,
    summary: 内容, result: 结果, answer: 接单时限, completion: 办结时限}}
  en: {{{it.name}: {_quoted(it.en)}, received: received, handling: in hand, closed: closed, withdrawn: withdrawn, accept: accept, finish: finish, withdraw: withdraw, reopen: reopen,
    summary: content, result: result, answer: acceptance, completion: completion}}
"""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _story(it: Answers, opener: str) -> str:
    return f"""\
# guanjia test {it.name}
stories:
  - story: {_quoted(f"{it.zh}：登记、接单、完成")}
    at: 2026-03-02 09:00
    open: {{by: {opener}, with: {{summary: 试一试}}}}
    steps:
      - then: {{state: received, assignee: {it.does}, clocks: {{answer: running, completion: running}}, notified: [{{{it.name}_received: customer}}, {{{it.name}_work: assignee}}]}}
      - {{when: accept, by: assignee}}
      - then: {{state: handling, clocks: {{answer: met}}}}
      - {{when: finish, by: assignee, refused: field}}      # 先写明结果 / the result is asked for
      - {{when: finish, by: assignee, with: {{result: 已办好}}}}
      - then: {{closed: true, clocks: {{completion: met}}, notified: [{{{it.name}_closed: customer}}]}}
"""


_SIGNED = "{{ office.name }}{% if office.phone %} {{ office.phone }}{% endif %}\n"
_TEXTS = {
    "received": {
        "zh": "主题：【{{ number }}】已登记\n\n您反映的“{{ summary }}”已登记，编号 {{ number }}。我们会尽快办理。\n\n" + _SIGNED,
        "en": "Subject: [{{ number }}] received\n\nWe have received “{{ summary }}” under the number {{ number }} and will see to it.\n\n" + _SIGNED,
    },
    "work": {
        "zh": "主题：【{{ number }}】请办理\n\n{{ summary }}\n{% if due %}时限：{{ due | by }}\n{% endif %}\n" + _SIGNED,
        "en": "Subject: [{{ number }}] for you\n\n{{ summary }}\n{% if due %}Due by {{ due | by }}\n{% endif %}\n" + _SIGNED,
    },
    "hurry": {
        "zh": "主题：【{{ number }}】快到时限\n\n{{ summary }}\n{% if due %}时限：{{ due | by }}\n{% endif %}\n" + _SIGNED,
        "en": "Subject: [{{ number }}] due soon\n\n{{ summary }}\n{% if due %}Due by {{ due | by }}\n{% endif %}\n" + _SIGNED,
    },
    "late": {
        "zh": "主题：【{{ number }}】已超时\n\n{{ summary }}\n{% if assignee %}责任人：{{ assignee.name }}\n{% endif %}\n" + _SIGNED,
        "en": "Subject: [{{ number }}] overdue\n\n{{ summary }}\n{% if assignee %}Assignee: {{ assignee.name }}\n{% endif %}\n" + _SIGNED,
    },
    "closed": {
        "zh": "主题：【{{ number }}】已办结\n\n您反映的“{{ summary }}”已办结：{{ result }}\n\n" + _SIGNED,
        "en": "Subject: [{{ number }}] closed\n\n“{{ summary }}” is done: {{ result }}\n\n" + _SIGNED,
    },
}  # fmt: skip
