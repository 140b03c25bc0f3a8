"""What changed between two versions, in words: everything that differs is told, at its place, and nothing that does not."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest
from guanjia.authoring.differences import Difference, differences
from guanjia.authoring.wording import KEYS, NAMED
from guanjia.errors import Text
from guanjia.language import OfficeFiles
from guanjia.language.keys import keys
from guanjia.model.procedure import Procedure
from guanjia.model.version import Version
from pydantic import ValidationError

from tests.offices import shipped
from tests.scale import scale


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Version]:
    files = OfficeFiles(shipped(tmp_path_factory.mktemp("differences") / "office"), still=True)
    return {name: files.version(name) for name in ("complaint", "repair", "emergency")}


def plain(version: Version) -> dict[str, Any]:
    return version.procedure.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def edited(version: Version, change: Any) -> Version:
    data = plain(version)
    change(data)
    return version.model_copy(update={"procedure": Procedure.model_validate(data)})


def told(before: Version, after: Version) -> list[Difference]:
    return list(differences(before, after))


def sentences(version: Version, change: Any) -> list[tuple[str, str]]:
    return [(item.text.zh, item.text.en) for item in told(version, edited(version, change))]


def test_a_shorter_limit_another_role_and_a_new_state_are_said_in_both_languages(versions):
    repair = versions["repair"]
    assert sentences(repair, lambda it: it["sla"]["resolve"]["target"][0].update(within="12h")) == [(
        "时限“完工时限” · 期限（urgency == 'urgent'）：24 小时 → 12 小时",
        "clock “completion” · target (urgency == 'urgent'): within: 24 h → 12 h",
    )]  # fmt: skip
    triage = ("states", "intake", "states", "reported", "transitions", "triage", 0)

    def others(it: Any) -> None:
        at(it, triage)["by"] = ["coordinator", "manager"]

    found = told(repair, edited(repair, others))
    assert [(item.kind, item.path[:7], item.path[-1]) for item in found] == [
        ("removed", triage, "by"),
        ("added", triage, "by"),
    ]
    assert found[1].text == Text(
        "状态“待派单” · 状态“已报修” · 操作“分诊”：谁可以：加上 manager",
        "state “to be dispatched” · state “reported” · action “triage”: who may: added manager",
    )
    called = list(differences(repair, edited(repair, others), lambda word: Text(f"<{word}>", f"<{word}>")))
    assert called[1].text.zh.endswith("加上 <manager>")

    def parked(it: Any) -> None:
        it["states"]["intake"]["states"]["parked"] = {"final": True}
        it["labels"]["zh"]["parked"] = "搁置"

    assert sentences(repair, parked) == [
        ("状态“待派单”：新增状态“搁置”", "state “to be dispatched”: new state “搁置”"),
        ("“parked”的中文叫法：— → “搁置”", "what “parked” is called in Chinese: — → “搁置”"),
    ]


def test_each_key_that_a_procedure_may_hold_is_told_in_words_and_not_as_it_is_spelt(versions):
    models = {"Procedure", *Procedure.model_json_schema(by_alias=True)["$defs"]} - {"Labelled", "Shape"}
    spelt = {name.partition(".")[2] for name in keys() if name.partition(".")[0] in models}
    assert spelt - KEYS.keys() - NAMED.keys() == {"procedure", "registries"}, (
        "what a procedure is called, and what is filled in"
    )
    sooner = edited(versions["repair"], lambda data: data.update(undo="30m"))
    (found,) = told(versions["repair"], sooner)
    assert found.text == Text("多久以内可撤回：10 分钟 → 30 分钟", "can be taken back within: 10 min → 30 min")


def test_the_order_of_what_is_written_is_told_because_it_decides_between_equals(versions):
    def turned(it: Any) -> None:
        it["states"] = dict(reversed(it["states"].items()))
        it["open_by"].reverse()

    assert {item.path for item in told(versions["repair"], edited(versions["repair"], turned))} == {
        ("states",),
        ("open_by",),
    }


def test_that_a_field_is_emptied_is_told(versions):
    repair, entry = versions["repair"], ("states", "unreachable", "entry", 0, "set")
    assert at(plain(repair), entry)["slot"] is None
    without = edited(repair, lambda it: at(it, entry).pop("slot"))
    (left,), (again,) = told(repair, without), told(without, repair)
    assert left.path == again.path == (*entry, "slot")
    assert (left.text.zh.rpartition("：")[2], left.text.en.rpartition(": ")[2]) == ("空 → 未写", "empty → not written")
    assert (again.text.zh.rpartition("：")[2], again.text.en.rpartition(": ")[2]) == (
        "未写 → 空",
        "not written → empty",
    )


def test_templates_and_calendars_are_told_with_the_lines_that_differ(versions):
    before = versions["repair"]
    key = next(iter(before.templates))
    after = before.model_copy(update={"templates": {**before.templates, key: before.templates[key] + "最后一行\n"}})
    (found,) = told(before, after)
    assert (found.kind, found.path, found.text.zh.endswith("\n    +最后一行")) == ("changed", ("templates", key), True)
    gone = before.model_copy(
        update={"templates": {name: text for name, text in before.templates.items() if name != key}}
    )
    assert [item.kind for item in told(before, gone)] == ["removed"]
    assert [item.kind for item in told(gone, before)] == ["added"]


def at(data: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        data = data[step]
    return data


def leaves(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every key and item below."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from leaves(value, (*path, key))


def mutated(data: Any, path: tuple[str | int, ...], draw: random.Random) -> None:
    around, last = at(data, path[:-1]), path[-1]
    value = around[last]
    if draw.random() < 0.4:
        del around[last]
    elif isinstance(value, bool):
        around[last] = not value
    elif isinstance(value, int):
        around[last] = value + 1
    elif isinstance(value, str):
        around[last] = draw.choice([f"{value}x", "2h", "manager", "n + 1"])
    elif isinstance(value, list):
        around[last] = [*value, copy.deepcopy(value[0])] if value else [1]
    else:
        around[last] = {**value, "x": next(iter(value.values()), {})} if isinstance(value, dict) else value


@pytest.mark.parametrize("name", ["complaint", "repair", "emergency"])
def test_whatever_single_thing_differs_is_told_both_ways_and_where_it_is(versions, name):
    """Each procedure is changed in one place at random, again and again; what is no procedure any more is passed over."""
    draw, before, tried = random.Random(f"differences {name}"), versions[name], 0
    everywhere = list(leaves(plain(before)))
    tries = scale(30, 1000, faults=250)
    for _ in range(tries):
        path = draw.choice(everywhere)
        data = plain(before)
        mutated(data, path, draw)
        try:
            after = before.model_copy(update={"procedure": Procedure.model_validate(data)})
        except ValidationError:
            continue
        if after.procedure == before.procedure and list(plain(after)) == list(plain(before)):
            continue
        tried += 1
        found = told(before, after)
        assert found, path
        assert told(after, before), path
        if path[0] != "procedure":
            assert any(item.path[0] == path[0] for item in found), (path, found)
        assert all(item.text.zh and item.text.en for item in found)
    assert 3 * tried > tries, tried
    assert not told(before, before)
