"""Each thing that can be wrong is said with its code, at the very characters that are wrong; what is right says nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from guanjia.errors import Instead
from guanjia.language import Around, draft_procedure

from tests.language.samples import AROUND, COMPLAINT, found, pointed


def test_a_procedure_that_is_right_has_no_findings() -> None:
    assert found(COMPLAINT) == []


@pytest.mark.parametrize(("whole", "field", "right"), [("1 year", "11 months", True), ("1 year", "12 months", False), ("90 days", "90 days", False), ("3 months", "80 days", True)])  # fmt: skip
def test_a_field_is_kept_for_less_time_than_its_case(whole: str, field: str, right: bool) -> None:
    text = COMPLAINT.replace("personal: true}", f"personal: true, retention: {field}}}", 1)
    codes = [finding.code for finding in found(f"retention: {whole}\n{text}")]
    assert codes == ([] if right else ["retention"])


# (what is written, what is written instead, code, what the caret points at)
BROKEN = [
    # grammar
    ("by: agent, require:", "bye: agent, require:", "unknown-key", "bye: agent"),
    ("final: true}", "final: yes}", "type", "yes}"),
    ("at_most: 1", "at_most: one", "type", "one}"),
    ("at_most: 1", "at_most: 0", "type", "0}"),
    ("type: integer", "type: number", "type", "number"),
    ("procedure: complaint\n", "", "missing-key", "number"),
    ("{within: 30m}", "{within: 30}", "type", "30}"),
    ("{within: 30m}", "{within: 30m, until: now}", "grammar", "{within"),
    ("[{escalate: manager}]", "[{escalate: manager, log: x}]", "grammar", "{escalate"),
    ("{role: agent}", "{}", "grammar", "{}"),
    ("  score: ", "  2score: ", "name", "2score"),
    ("[minor, critical]", "[1, critical]", "type", "1, critical"),
    ("states:\n  received:", "states: []\nx:\n  received:", "type", "[]"),
    ("{delay: 5 workdays,", "{delay: 5 workdays, every: 1h,", "grammar", "{delay"),
    # retention
    ("personal: true}", "personal: true, retention: 5 workdays}", "grammar", "5 workdays"),
    ("type: integer", "type: integer, retention: 90 days", "retention", "retention"),
    ("procedure: complaint\n", "procedure: complaint\nretention: 3\n", "type", "3"),
    ("procedure: complaint\n", "procedure: complaint\nretention: {basis: {zh: x}}\n", "missing-key", "{basis"),
    # names
    ("to: visiting", "to: vissiting", "unknown-state", "vissiting"),
    ("initial: received", "initial: handled", "unknown-state", "handled"),
    ("require: [channel, severity]", "require: [channel, sevrity]", "unknown-field", "sevrity"),
    ("not_by: [propose]", "not_by: [proposed]", "unknown-action", "proposed"),
    ("accept: {to: investigating, by: agent", "accept: {to: investigating, by: agnet", "unknown-role", "agnet"),
    ("agent for customer]}\nstates", "clerk for customer]}\nstates", "unknown-role", "clerk for"),
    ("{assign: {role: agent}}", "{assign: {role: agnet}}", "unknown-role", "agnet"),
    ("{escalate: manager}", "{escalate: boss}", "unknown-recipient", "boss"),
    ("{escalate: manager}", "{escalate: 'staff:engineer.wang'}", "unknown-staff", "'staff:"),
    ("{escalate: manager}", "{escalate: summary}", "recipient", "summary"),
    ("{escalate: manager}", "{escalate: team:frnt}", "unknown-team", "team:frnt"),
    ("{escalate: manager}", "{escalate: lead:frnt}", "unknown-team", "lead:frnt"),
    ("{escalate: manager}", "{escalate: on_duty:team:frnt}", "unknown-team", "on_duty:team:frnt"),
    ("{escalate: manager}", "{escalate: on_duty:agnet}", "unknown-recipient", "on_duty:agnet"),
    ("{escalate: manager}", "{escalate: on_duty:lead:front}", "recipient", "on_duty:lead"),
    ("{escalate: manager}", "{escalate: teams:front}", "unknown-recipient", "teams:front"),
    ("{escalate: manager}", "{escalate: role:agent}", "unknown-recipient", "role:agent"),
    ("{escalate: manager}", "{escalate: front}", "unknown-recipient", "front"),
    ("{escalate: manager}", "{extend: {resolv: 2h}}", "unknown-clock", "resolv"),
    ("{escalate: manager}", "{set: {sumary: null}}", "unknown-field", "sumary"),
    ("{escalate: manager}", "{emit: paid}", "unknown-signal", "paid"),
    ("{escalate: manager}", "{emit: {signal: paid, to: child}}", "unknown-child", "child"),
    ("{escalate: manager}", "{open: {repairs: null}}", "unknown-procedure", "repairs"),
    ("{escalate: manager}", "{open: {repair: {with: {rom: summary}}}}", "unknown-field", "rom:"),
    ("calendar: always", "calendar: alway", "unknown-calendar", "alway"),
    ("stop: accept", "stop: acept", "unknown-condition", "acept"),
    ("  waiting:\n", "  closed:\n", "duplicate-state", "closed:"),
    ("      accept: {", "      closed: {", "name-taken", "closed: {"),
    ("  visiting:\n", "  open:\n", "reserved-name", "open:"),
    ("  score:  ", "  now:  ", "reserved-name", "now:"),
    # shape
    ("initial: received\n", "", "no-initial", "states:"),
    ("    initial: investigating\n", "", "no-initial", "states:"),
    ("  closed:    {final: true}", "  closed:    {final: true, after: {x: {delay: 1h, to: visiting}}}", "final-with-exit", "after"),
    ("  closed:    {final: true}", "  closed:    {history: deep}", "history-at-top", "history"),
    ("to: visiting\n", "\n", "unreachable-state", "visiting:"),
    ("confirm: {to: closed, ", "confirm: {", "unreachable-state", "closed:"),
    ("confirm: {to: closed, by", "confirm: {to: stuck, by", "dead-end", "stuck:"),
    ("  visiting:\n", "  visiting:\n    always: {to: visiting}\n", "always-loop", "{to: visiting}"),
    ("  visiting:\n", "  visiting:\n    tracks: {one: {}}\n", "track-without-states", "one:"),
    ("    stop: [closed, withdrawn]\n", "    stop: [visiting, withdrawn]\n", "unbounded-wait", "visiting:"),
    ("accept: {to: investigating, by: agent, require: [channel, severity]}", "accept: [{to: investigating}, {to: closed}]",
     "unreachable-branch", "{to: closed}"),
    # clocks
    ("{within: 30m}", "{within: 30m, guard: score > 1}", "no-default-target", "guard"),
    ("{guard: severity == 'critical', within", "{within", "unreachable-target", "{within: 15m"),
    ("80%: ", "0%: ", "threshold", "0%"),
    ("80%: ", "overdue: ", "threshold", "overdue"),
    ("80%: ", "due+30m: ", "duplicate-threshold", "due + 30m"),
    ("due + 30m", "due + 30x", "duration", "30x"),
    ("within: 15m", "within: soon", "duration", "soon"),
    ("within: 15 days", "within: 5d", "duration", "5d"),
    ("pause: waiting\n", "pause: ask\n", "pause-without-resume", "ask"),
    ("pause: waiting\n", "resume: answered\n", "resume-without-pause", "resume"),
    ("    stop: accept\n", "", "clock-without-stop", "respond:"),
    ("start: open\n    stop: accept", "start: accept\n    stop: accept", "never-starts", "start"),
    ("pause: waiting\n", "pause: waiting\n    pausable: false\n", "never-pauses", "pause"),
    ("pause: waiting\n", "runs_in: received\n    pausable: false\n", "never-pauses", "runs_in"),
    ("    start: open\n    stop: accept", "    start: open\n    from: clock.resolv\n    stop: accept", "unknown-clock", "clock.resolv"),
    ("    start: open\n    stop: accept", "    start: open\n    from: clock.respond\n    stop: accept", "unknown-clock", "clock.respond"),
    ("    start: open\n    stop: accept", "    start: open\n    from: clock.resolve\n    pausable: false\n    stop: accept", "never-pauses", "clock.resolve"),
    ("acknowledge: [accept, reopen]", "alarm: 0m", "duration", "0m"),
    ("[{within: 3 workdays}]", "[{within: 3 workdays, then: 2h}]", "then", "then"),
    ("[{within: 3 workdays}]", "[{until: visit_at, then: 2h}]", "then", "then"),
    ("{within: 30m}", "{within: 30m, then: 2 days}", "then", "2 days"),
    ("{within: 30m}", "{within: 30m, counting: civil_code}", "counting-without-days", "counting"),
    ("[{within: 3 workdays}]", "[{until: visit_at, counting: civil_code}]", "counting-without-days", "counting"),
    ("[{within: 3 workdays}]", "[{within: 9 days, calendar: always, counting: civil_code}]", "no-rest-days", "counting"),
    ("delay: 5 workdays, to", "delay: 2h, counting: civil_code, to", "counting-without-days", "counting"),
    ("[{within: 3 workdays}]", "[{within: 3 workdays, counting: civilcode}]", "type", "civilcode"),
    ("[{within: 3 workdays}]", "[{within: 3 workdays, counting: {first_day: yes}}]", "type", "yes"),
    ("[{within: 3 workdays}]", "[{within: 3 workdays, counting: {firstday: true}}]", "unknown-key", "firstday"),
    ("[{within: 3 workdays}]", "[{within: 3 workdays, counting: {}}]", "grammar", "{}"),
    ("[{within: 3 workdays}]", "[{until: now + hours(2)}]", "until-moves", "now"),
    ("[{within: 3 workdays}]", "[{until: visit_at}]", "no-certain-target", "{until"),
    ("severity == 'critical', within", "clock.resolve.left < minutes(5), within", "time-unnoticed", "clock.resolve"),
    ("stop: [closed, withdrawn]", "stop: [closed, now > visit_at]", "time-unnoticed", "now"),
    ("80%: ", "due - 20m: ", "threshold-before-start", "due - 20m"),
    ("{escalate: manager}", "{extend: {resolve: 2h}}", "hours-for-days", "2h"),
    # ladders
    ("{ladder: up}", "{ladder: upp}", "unknown-ladder", "upp"),
    ("{ladder: up}", "{ladder: up, template: escalation}", "grammar", "{ladder"),
    ("{ladder: up}", "{ladder: up, to: manager}", "grammar", "{ladder"),
    ("{ladder: up}", "manager", "unused-ladder", "up:"),
    ("acknowledge: [accept", "acknowledge: [acept", "unknown-action", "acept"),
    ("acknowledge: [accept", "acknowledge: [received", "unknown-action", "received"),
    ("{to: supervisor}\n", "{to: boss}\n", "unknown-recipient", "boss"),
    ("{to: supervisor}\n", "{to: supervisor, wait: 5m}\n", "first-wait", "wait"),
    ("{to: supervisor}\n", "{to: []}\n", "type", "[]"),
    ("'staff:engineer.li'], wait: 20m", "'staff:engineer.li']", "no-wait", "{to: [manager"),
    ("wait: 20m", "wait: 0m", "duration", "0m"),
    ("wait: 20m", "wait: 20", "type", "20"),
    ("wait: 20m", "after: 20m", "unknown-key", "after"),
    ("    calendar: always\n    ack", "    calendar: alway\n    ack", "unknown-calendar", "alway"),
    ("assignee != engineer", "ladder.upp.level > 1", "expression", "upp.level"),
    # values
    ("default: minor", "default: major", "type", "major"),
    ("min: 1", "min: a", "type", "a,"),
    ("max: 5}", "max: 0}", "bounds", "0}"),
    ("default: 2h", "default: 2", "type", "2}"),
    ("max: 500", "pattern: '['", "pattern", "['"),
    ("type: choice, of: [phone, wechat]", "type: choice", "choice-without-values", "channel"),
    ("{type: instant}", "{type: instant, of: [a]}", "of", "of:"),
    ("{type: instant}", "{type: instant, default: tomorrow}", "type", "tomorrow"),
    ("[minor, critical]", "[minor, critical, minor]", "duplicate-value", "minor]"),
    ("severity == 'critical'", "severty == 'critical'", "expression", "severty"),
    ("assignee != engineer", "assignee != enginer", "expression", "enginer"),
    ("assignee != engineer", "assignee", "expression", "assignee"),
    ("assignee != engineer", "in_state('visting')", "unknown-state", "visting"),
    ("assignee != engineer", "is_role('boss')", "unknown-role", "boss"),
    ("{escalate: manager}", "{set: {severity: critcal}}", "expression", "critcal"),
    ("{escalate: manager}", "{set: {score: summary}}", "type", "summary"),
    ("{escalate: manager}", "{set: {score: true}}", "type", "true"),
    ("TS-{year}-{seq:05}", "TS-{yaer}-{seq:05}", "number-pattern", "{yaer}"),
    ("TS-{year}-{seq:05}", "TS-{year}", "number-pattern", "TS-"),
    # words
    ("  score:  ", "  state:  ", "hidden-field", "state:"),
    ("dropped: 撤诉}", "x: y}", "missing-labels", "zh:"),
    ("dropped: 撤诉}", "dropped: 撤诉, drooped: 撤诉}", "unknown-label", "drooped"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "code", "at"), BROKEN, ids=[f"{row[2]}-{number}" for number, row in enumerate(BROKEN)]
)
def test_what_is_wrong_is_said_at_its_place(old: str, new: str, code: str, at: str) -> None:
    assert old in COMPLAINT
    text = COMPLAINT.replace(old, new, 1)
    if ": stuck" in new:
        text = text.replace("transitions:\n  withdraw: {to: withdrawn, by: [customer, agent for customer]}\n", "", 1)
        text = text.replace("  closed:    {final", "  stuck: {}\n  closed:    {final")
    findings = found(text)
    matching = [finding for finding in findings if finding.code == code and pointed(finding).startswith(at)]
    assert matching, [(f.code, f.place, f.text.en, pointed(f)) for f in findings]
    for finding in findings:
        assert finding.text.zh
        assert finding.text.en
        assert finding.file == "complaint.yaml"


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("team:frnt", "team:front"), ("lead:frnt", "lead:front"), ("on_duty:team:frnt", "on_duty:team:front"),
        ("on_duty:agnet", "on_duty:agent"), ("teams:front", "team:front"), ("front", "team:front"), ("role:agent", "agent"),
        ("on_duty:lead:front", "lead:front"), ("staff:engineer.lee", "staff:engineer.li"),
    ],
)  # fmt: skip
def test_a_word_for_people_that_means_nobody_is_told_with_the_one_that_was_meant(wrong: str, meant: str) -> None:
    (finding,) = found(COMPLAINT.replace("{escalate: manager}", f"{{escalate: {wrong}}}", 1))
    assert finding.hint is not None
    assert meant in finding.hint.en
    assert meant in finding.hint.zh


def test_every_word_for_people_can_be_told_something() -> None:
    words = "[agent, team:front, lead:front, on_duty:agent, on_duty:team:front, staff:engineer.li, assignee]"
    assert found(COMPLAINT.replace("{to: supervisor}\n", f"{{to: {words}}}\n")) == []


@pytest.mark.parametrize("word", ["supervisor", "on_duty:supervisor", "team:empty", "lead:front", "on_duty:team:empty"])
def test_a_level_whose_role_or_team_nobody_has_is_a_warning(word: str) -> None:
    around = replace(AROUND, staffed=frozenset({"agent", "manager", "team:front"}))
    told = found(COMPLAINT.replace("{to: supervisor}\n", f"{{to: {word}}}\n"), around)
    (finding,) = [it for it in told if "this level" in it.text.en]
    assert (finding.code, finding.severity, pointed(finding)[: len(word)]) == ("nobody-in-role", "warning", word)


@pytest.mark.parametrize(
    "targets",
    [
        "[{until: visit_at}, {within: 3 workdays}]", "[{earliest: [{until: visit_at}, {within: 2h}]}]", "[{until: opened_at + days(3)}]",
        "[{guard: visit_at is not none, until: visit_at}, {within: 3 workdays}]",
    ],
)  # fmt: skip
def test_targets_that_always_give_an_instant_say_nothing(targets: str) -> None:
    assert found(COMPLAINT.replace("[{within: 3 workdays}]", targets)) == []


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    text = COMPLAINT.replace("80%", "0%").replace("score:     {", "now:     {").replace("to: visiting", "to: vissiting")
    places = [(finding.line, finding.column) for finding in found(text)]
    assert places == sorted(places)
    assert {"threshold", "reserved-name", "unknown-state", "unknown-field"} <= {f.code for f in found(text)}


def test_an_unknown_key_names_the_likely_one_and_lists_what_is_allowed() -> None:
    (finding,) = found(COMPLAINT.replace("calendar: always", "calender: always", 1))
    assert finding.hint is not None
    assert "did you mean calendar?" in finding.hint.en
    assert "guard, within, then, until, earliest, calendar" in finding.hint.zh


def test_an_unknown_key_that_is_like_none_is_told_in_two_sentences() -> None:
    (finding,) = found(COMPLAINT.replace("require: [channel, severity]", "必填: [channel, severity]"))
    assert finding.hint is not None
    assert "请删除，或放到它该在的层；这里可以写：" in finding.hint.zh
    assert "where it belongs; allowed here: " in finding.hint.en


@pytest.mark.parametrize(
    ("right", "written", "meant"),
    [
        ("accept: {to: investigating, by: agent", "accept: {to: investigating, by: 客服主管", "supervisor"),
        ("accept: {to: investigating, by: agent", "accept: {to: investigating, by: 责任人", "assignee"),
        ("{escalate: manager}", "{escalate: 客服主管}", "supervisor"),
        ("{sla_warning: assignee}", "{sla_warning: 责任人}", "assignee"),
        ("ask: {to: waiting", "ask: {to: 待客户", "waiting"),
        ("require: [channel, severity]", "require: [channel, 程度]", "severity"),
    ],
)
def test_who_writes_what_people_call_something_is_told_its_name(right: str, written: str, meant: str) -> None:
    called = COMPLAINT.replace(right, written, 1)
    assert right in COMPLAINT
    (finding,) = [
        it for it in found(called, replace(AROUND, called={"客服主管": "supervisor"})) if it.severity == "error"
    ]
    assert isinstance(finding.hint, Instead)
    assert finding.hint.right == meant


def test_a_full_width_comma_between_names_is_told_and_not_taken_for_a_misspelt_name() -> None:
    (finding,) = found(COMPLAINT.replace("[customer, agent for customer]}", "[customer，agent]}", 1))
    assert finding.hint is not None
    assert "全角" in finding.hint.zh
    assert not isinstance(finding.hint, Instead)


def test_a_label_of_nothing_is_told_with_each_name_once() -> None:
    (finding,) = found(COMPLAINT.replace("  zh: {complaint: 投诉,", "  zh: {complaint: 投诉, 没有: 没有,"))
    assert finding.hint is not None
    names = finding.hint.en.removeprefix("there are: ").removesuffix(" …").split(", ")
    assert len(names) == len(set(names)) == 20


def test_a_full_width_sign_in_a_condition_is_told_at_its_place() -> None:
    (finding,) = found(COMPLAINT.replace("stop: [closed, withdrawn]", "stop: [closed，withdrawn]"))
    assert pointed(finding).startswith("，withdrawn")
    assert "表达式里不能有“，”" in finding.text.zh
    assert finding.hint is not None
    assert "write a plain ," in finding.hint.en


def test_chinese_brackets_around_names_in_braces_are_told_with_the_list_that_was_meant() -> None:
    findings = found(COMPLAINT.replace("of: [phone, wechat]", "of: 【phone, wechat】"))
    hints = [it.hint for it in findings if it.code == "unknown-key"]
    assert [(hint.wrong, hint.right) for hint in hints if isinstance(hint, Instead)] == [
        ("【phone, wechat】", "[phone, wechat]")
    ]


def test_a_dash_without_its_blank_in_the_first_item_of_a_list_is_told() -> None:
    findings = found(COMPLAINT.replace("by: agent", "by: [-agent]", 1))
    assert any(it.hint is not None and "短横线后面缺少空格" in it.hint.zh for it in findings)


@pytest.mark.parametrize("bound", ["-5", "1.5", "true"])
def test_a_length_that_is_none_is_told_what_a_length_is(bound: str) -> None:
    (finding,) = found(COMPLAINT.replace("max: 500", f"max: {bound}"))
    assert pointed(finding).startswith(bound)
    assert f"0 或更大的整数，写的是 {bound}" in finding.text.zh


def test_one_equals_sign_in_a_condition_is_told_at_its_place_with_the_two_that_were_meant() -> None:
    (finding,) = found(
        COMPLAINT.replace("guard: severity == 'critical'", "guard: severity != 'a=b' and severity = 'critical'")
    )
    assert pointed(finding).startswith("= 'critical'")
    assert "两个等号" in finding.text.zh
    assert finding.hint is not None
    assert "写成 ==" in finding.hint.zh


def test_keys_of_a_delay_are_its_own_and_those_of_its_branch() -> None:
    (finding,) = found(COMPLAINT.replace("{delay: 5 workdays, to", "{delay: 5 workdays, too"))
    assert finding.hint is not None
    assert "delay, at, every, calendar, counting, standard, to, guard" in finding.hint.en
    assert "did you mean to?" in finding.hint.en


def test_a_guard_is_pointed_at_inside_quotes_behind_chinese_text() -> None:
    text = COMPLAINT.replace(
        "- that: assignee != engineer", "- {else: {zh: 回避制度}, that: \"summary == '漏水' and enginer\"}"
    )
    text = text.replace(
        "                else: {zh: 本人不得处理对自己的投诉, en: Nobody handles a complaint about himself}\n", ""
    )
    finding = next(f for f in found(text) if f.code == "expression")
    line = text.splitlines()[finding.line - 1]
    assert line[finding.column - 1 :].startswith("enginer")


def test_labels_that_are_missing_are_one_finding_for_each_language() -> None:
    text = COMPLAINT[: COMPLAINT.index("labels:")]
    findings = found(text)
    assert [finding.code for finding in findings] == ["missing-labels", "missing-labels"]
    assert {finding.severity for finding in findings} == {"warning"}


def test_what_is_not_known_of_the_office_is_not_checked() -> None:
    text = COMPLAINT.replace("by: agent", "by: whoever").replace("calendar: always", "calendar: nights")
    assert found(text, Around()) == []
    assert {finding.code for finding in found(text, AROUND)} == {"unknown-role", "unknown-calendar"}


TRACKS = """\
procedure: p
initial: both
states:
  both:
    tracks:
      left: {initial: l1, states: {l1: {transitions: {lx: {to: l2}}}, l2: {final: true}}}
      right: {initial: r1, states: {r1: {transitions: {rx: {to: r2}, jump: {to: r3}}}, r2: {final: true}, r3: {}}}
    always: {to: end, guard: done('left') and done('right')}
  end: {final: true}
sla:
  all: {start: open, stop: jump, target: {within: 1h}}
"""


def test_an_action_in_one_track_that_stops_the_only_clock_leaves_its_next_state_unbounded() -> None:
    findings = [f for f in found(TRACKS, Around()) if f.code != "missing-labels"]
    assert [(f.code, pointed(f)[:3]) for f in findings] == [("unbounded-wait", "r3:")]
    assert not [f for f in found(TRACKS.replace("stop: jump", "stop: end"), Around()) if f.code != "missing-labels"]


LATCHED = """\
procedure: p
initial: a
states:
  a: {transitions: {hold: {to: b}}}
  b: {transitions: {next: {to: c}, go_on: {to: c}}}
  c: {transitions: {finish: {to: end}}}
  end: {final: true}
reopen: {to: d}
sla:
  all: {start: open, stop: end, pause: b, target: {within: 1h}}
"""


def test_a_clock_that_waits_for_its_resume_bounds_no_state_before_it() -> None:
    text = LATCHED.replace("reopen: {to: d}\n", "")
    assert [f.place for f in found(text, Around()) if f.code == "unbounded-wait"] == ["complaint.yaml:5:3"]
    assert "c" not in [pointed(f)[:1] for f in found(text.replace("pause: b", "pause: b, resume: c"), Around())]
    never = text.replace("pause: b", "pause: b, resume: hold")
    assert {pointed(f)[:2] for f in found(never, Around()) if f.code == "unbounded-wait"} == {"b:", "c:"}


def test_a_clock_that_stays_closed_bounds_no_state_of_a_reopened_case() -> None:
    text = LATCHED.replace("  end: {final", "  d: {transitions: {over: {to: end}}}\n  end: {final")
    assert "d:" not in {pointed(f)[:2] for f in found(text, Around()) if f.code == "unbounded-wait"}
    stays = text.replace("stop: end", "stop: end, on_reopen: closed")
    assert "d:" in {pointed(f)[:2] for f in found(stays, Around()) if f.code == "unbounded-wait"}


def test_a_state_that_only_another_track_can_end_is_no_dead_end() -> None:
    text = TRACKS.replace("    always: {to: end, guard: done('left') and done('right')}\n", "").replace(
        "lx: {to: l2}", "lx: {to: end}"
    )
    assert "dead-end" not in {f.code for f in found(text.replace("l2: {final: true}", "l2: {}"), Around())}
    closed = text.replace("lx: {to: end}", "lx: {to: l2}")
    assert "unreachable-state" in {f.code for f in found(closed, Around())}


@pytest.mark.parametrize("text", ["", "# only a comment", "[]", "just text", "null", "12"])
def test_what_is_no_mapping_is_told_how_to_begin(text: str) -> None:
    (finding,) = draft_procedure(text, "f").findings
    assert finding.hint is not None
    assert "procedure:" in finding.hint.zh


def test_the_same_procedure_written_in_short_and_in_full_is_the_same() -> None:
    short = "procedure: p\ninitial: a\nstates:\n  a: {transitions: {go: {to: b, by: x, guard: now > opened_at}}}\n  b: {final: true}\n"
    full = (
        "procedure: p\ninitial: a\nstates:\n  a:\n    transitions:\n      go:\n        - to: b\n          by: [x]\n"
        "          guard:\n            - that: now > opened_at\n  b:\n    final: true\n"
    )
    assert draft_procedure(short, "f").procedure == draft_procedure(full, "f").procedure
