"""A fragment becomes part of its host, with its parameters filled in, and is still pointed at in its own file."""

from __future__ import annotations

import time

import pytest
from guanjia.errors import Finding, Invalid, Text
from guanjia.language import Draft, draft_procedure

HOST = """\
procedure: p
include: [{file: shared/pay.yaml, with: {limit: 3, after_pay: end}}]
initial: pay
states:
  end: {final: true}
labels: {zh: {p: 流程, pay: 我的说法}}
"""
PAY = """\
parameters: {limit: null, wait: 2h, after_pay: null, who: [agent, manager]}
fields:
  times: {type: integer, max: "${limit}"}
states:
  pay:
    transitions: {paid: {to: "${after_pay}", by: "${who}"}}
    after: {"late_${limit}": {delay: "${wait}", to: "${after_pay}"}}
labels:
  zh: {pay: 付款, paid: 已付, times: 次数}
  en: {pay: pay}
"""


def draft(host: str, **files: str) -> Draft:
    def fetch(path: str) -> tuple[str, bytes]:
        name = path.removeprefix("shared/").removesuffix(".yaml")
        if name not in files:
            raise Invalid([Finding("missing-file", Text("没有", "none"), path)])
        return f"procedures/{path}", files[name].encode()

    return draft_procedure(host, "p.yaml", fetch)


def codes(result: Draft) -> list[tuple[str, str]]:
    return [(f.code, f.place) for f in result.findings if f.severity == "error"]


def test_a_fragment_is_merged_with_its_parameters() -> None:
    result = draft(HOST, pay=PAY)
    assert codes(result) == []
    assert result.procedure is not None
    assert result.procedure.fields["times"].max == 3
    assert result.procedure.states["pay"].transitions["paid"][0].by == ("agent", "manager")
    assert result.procedure.states["pay"].after["late_3"].delay == "2h"
    assert list(result.procedure.states) == ["end", "pay"]


def test_ladders_may_be_shared_as_clocks_are() -> None:
    shared = PAY.replace("states:\n", "ladders: {up: {levels: [{to: manager}]}}\nstates:\n", 1)
    host = HOST.replace("states:\n", "ladders: {down: {levels: [{to: agent}]}}\nstates:\n", 1)
    result = draft(host, pay=shared)
    assert codes(result) == []
    assert result.procedure is not None
    assert list(result.procedure.ladders) == ["down", "up"]


def test_the_words_of_the_host_win_over_those_of_a_fragment() -> None:
    procedure = draft(HOST, pay=PAY).procedure
    assert procedure is not None
    assert procedure.labels["zh"] == {"p": "流程", "pay": "我的说法", "paid": "已付", "times": "次数"}
    assert procedure.labels["en"] == {"pay": "pay"}


def test_what_is_wrong_in_a_fragment_is_said_in_its_file() -> None:
    result = draft(HOST.replace("after_pay: end", "after_pay: nowhere"), pay=PAY)
    assert ("unknown-state", "procedures/shared/pay.yaml:6:30") in codes(result)


@pytest.mark.parametrize(
    ("host", "pay", "code", "place"),
    [
        ("limit: 3, ", "", "missing-parameter", "p.yaml:2:11"),
        ("limit: 3", "limit: 3, lmit: 4", "unknown-parameter", "p.yaml:2:52"),
        ("file: shared/pay.yaml", "file: shared/nothing.yaml", "missing-file", "p.yaml:2:18"),
        ("file: shared", "fil: shared", "include", "p.yaml:2:11"),
        ("  end: {final", "  pay: {final", "duplicate-key", "procedures/shared/pay.yaml:5:3"),
        (
            "initial: pay",
            "initial: pay\nfields: {times: {type: text}}",
            "duplicate-key",
            "procedures/shared/pay.yaml:3:3",
        ),
    ],
)
def test_includes_that_do_not_fit_are_refused(host: str, pay: str, code: str, place: str) -> None:
    assert (code, place) in codes(draft(HOST.replace(host, pay), pay=PAY))


def test_a_parameter_that_nobody_gives_is_said_where_it_is_used() -> None:
    result = draft(HOST, pay=PAY.replace("${wait}", "${wiat}"))
    assert ("unknown-parameter", "procedures/shared/pay.yaml:7:39") in codes(result)


def test_a_state_may_include_too() -> None:
    host = "procedure: p\ninitial: a\nstates:\n  a: {include: {file: shared/out.yaml, with: {to: b}}}\n  b: {final: true}\n"
    result = draft(host, out="transitions: {go: {to: '${to}'}}\n")
    assert codes(result) == []
    assert result.procedure is not None
    assert result.procedure.states["a"].transitions["go"][0].to == "b"


def test_a_circle_of_fragments_is_refused_and_so_is_a_long_chain() -> None:
    circle = draft(HOST, pay="include: {file: shared/pay.yaml}\n")
    assert "include-cycle" in dict(codes(circle))
    chain = {f"n{depth}": f"include: {{file: shared/n{depth + 1}.yaml}}\n" for depth in range(9)}
    long = draft(HOST.replace("shared/pay", "shared/n0"), **chain)
    assert "include-depth" in dict(codes(long))


@pytest.mark.parametrize(
    "inner",
    [
        "labels: {zh: {a: '" + "${x}" * 50_000 + "'}}",
        "states: {a: {entry: [" + "'${y}', " * 20_000 + "]}}",
    ],
)
def test_parameters_cannot_make_a_small_file_grow_without_bound(inner: str) -> None:
    host = HOST.replace(
        "with: {limit: 3, after_pay: end}", "with: {x: '" + "x" * 50_000 + "', y: [" + "a, " * 5000 + "]}"
    )
    begun = time.process_time()
    assert "too-big" in dict(codes(draft(host, pay=inner)))
    assert time.process_time() - begun < 10


def test_without_files_to_read_an_include_is_refused() -> None:
    assert "include" in dict(codes(draft_procedure(HOST, "p.yaml")))
