"""`guanjia customer` as a person uses it, in both languages, with mistakes and with nothing there yet."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from guanjia.clock import ManualClock

from tests.cli.terminals import Ran
from tests.cli.test_shapes import differences, documented
from tests.cli.test_startup import HEAVY, surroundings

Call = Callable[..., Ran]
PEOPLE = """\
roles:
  agent: {label: {zh: 客服, en: agent}, rights: [customers]}
  manager: {label: {zh: 经理, en: manager}, rights: [all]}
  guard: {label: {zh: 保安, en: guard}}
  supervisor: {label: {zh: 主管, en: supervisor}}
staff:
  agent.wang: {name: 王小明, roles: [agent]}
  agent.li: {name: Li Lei, roles: [agent], language: en}
  manager.sun: {name: 孙经理, roles: [manager]}
  guard.xu: {name: 徐刚, roles: [guard]}
  supervisor.zhao: {name: 赵敏, roles: [supervisor]}
"""


@pytest.fixture
def go(do: Call, office: Path) -> Call:
    (office / "organisation.yaml").write_text(PEOPLE)
    return do


@pytest.fixture
def zhang(go: Call) -> str:
    ran = go("customer", "add", "--name", "张伟", "--phone", "13800001234", "--mail", "zhang@example.com", "--room", "3-1-502",
             "--since", "2020-01-01", "--json")  # fmt: skip
    assert ran.code == 0, ran
    id: str = json.loads(ran.out)["id"]
    return id


def test_a_person_is_added_and_found_masked_in_both_languages(go: Call, zhang: str) -> None:
    chinese = go("customer", "find", "13800001234")
    assert chinese.out.split()[:5] == ["编号", "姓名", "电话", "房号", "核实于"]
    assert "张**" in chinese.out
    assert "业主 3-1-502" in chinese.out
    english = go("--lang", "en", "customer", "find", "3-1-502")
    assert "owner of 3-1-502" in english.out
    assert "138****1234" in english.out
    assert go("customer", "find", "13900001234").out == "没有符合的客户。\n"


def test_cases_and_people_are_found_by_the_whole_name(go: Call, zhang: str) -> None:
    number = json.loads(go("open", "complaint", "--customer", zhang, "--summary", "漏水", "--json").out)["number"]
    for typed in ("张伟", "张 伟"):
        assert zhang in go("customer", "find", typed).out
        assert [each["number"] for each in json.loads(go("find", typed, "--json").out)] == [number]
    assert "没有" in go("customer", "find", "张").out
    assert json.loads(go("find", "李伟", "--json").out) == []
    go("customer", "edit", zhang, "--name", "Zhang Wei")
    assert number in go("find", "zhang wei").out
    assert number not in go("find", "张伟").out
    assert go("audit").code == 0


def test_cases_of_whoever_was_merged_are_listed_under_every_id_that_he_had(go: Call, zhang: str) -> None:
    other = json.loads(go("customer", "add", "--name", "张伟", "--phone", "13800001234", "--json").out)["id"]
    numbers = {
        json.loads(go("open", "complaint", "--customer", id, "--summary", "x", "--json").out)["number"]
        for id in (zhang, other)
    }
    assert len(json.loads(go("ls", "--customer", zhang, "--json").out)) == 1
    assert go("--as", "manager.sun", "customer", "merge", other, zhang, "--reason", "同一人").code == 0
    for id in (zhang, other):
        assert {each["number"] for each in json.loads(go("ls", "--customer", id, "--json").out)} == numbers


def test_a_look_in_clear_is_refused_without_right_or_reason_and_recorded(go: Call, zhang: str) -> None:
    refused = go("customer", "show", zhang, "--reveal", "--reason", "好奇")
    assert refused.code == 1
    assert "reveal" in refused.err
    assert "张伟" not in refused.out + refused.err
    assert go("customer", "show", zhang, "--reveal", "--as", "manager.sun").code == 1
    seen = go("customer", "show", zhang, "--reveal", "--reason", "回访", "--as", "manager.sun")
    assert "13800001234" in seen.out
    assert "孙经理  查看完整信息：回访" in seen.out
    assert "无权，被拒：查看完整信息：好奇" in seen.out


def test_what_is_shown_is_what_is_documented(go: Call, zhang: str) -> None:
    go("open", "complaint", "--summary", "电梯异响", "--customer", zhang)
    for section, words, listed in (
        ("customer find", ["find", "13800001234"], True), ("customer show", ["show", zhang], False), ("customer find", ["stale", "--days", "0"], True),
    ):  # fmt: skip
        ran = go("customer", *words, "--json")
        shape = documented(section)
        printed = json.loads(ran.out)
        if printed:
            assert differences(shape[0] if isinstance(shape, list) else shape, printed[0] if listed else printed) == []


def test_corrections_add_end_and_take_away(go: Call, zhang: str) -> None:
    assert go("customer", "edit", zhang, "--phone", "13900005678", "--drop-phone", "138 0000 1234").code == 0
    assert go("customer", "find", "13800001234").out == "没有符合的客户。\n"
    assert go("customer", "edit", zhang, "--room", "3-1-502", "--until", "2021-01-01").code == 0
    assert "业主 3-1-502（至 2021-01-01）" in go("customer", "find", "13900005678").out
    nothing = go("customer", "edit", zhang)
    assert nothing.code == 2
    assert go("customer", "edit", zhang, "--since", "2020-01-01").code == 2
    wrong = go("customer", "edit", zhang, "--phone", "abc", "--lang", "en")
    assert wrong.code == 1
    assert "phone" in wrong.err
    assert "更正" in go("customer", "show", zhang).out


def test_care_needs_a_consent_and_says_how_to_give_it(go: Call, zhang: str) -> None:
    ran = go("customer", "edit", zhang, "--care", "独居老人")
    assert ran.code == 1
    assert f"guanjia customer consent {zhang} care" in ran.err


def test_cases_of_a_person_and_of_a_household(go: Call, zhang: str) -> None:
    go("open", "complaint", "--summary", "电梯异响", "--customer", zhang)
    go("open", "complaint", "--summary", "漏水", "--room", "3-1-502")
    assert len(json.loads(go("customer", "cases", zhang, "--json").out)) == 1
    assert len(json.loads(go("customer", "cases", "3-1-502", "--json").out)) == 2
    assert go("customer", "cases", "9-9-999").out == "没有工单。\n"


def test_whoever_is_forgotten_is_gone(go: Call, zhang: str) -> None:
    assert go("forget", "--customer", zhang, "--reason", "要求删除").code == 1
    ran = go("forget", "--customer", zhang, "--reason", "要求删除", "--as", "manager.sun")
    assert f"客户 {zhang} 的资料已销毁" in ran.out
    assert "已销毁" in go("customer", "show", zhang).out
    assert go("audit").code == 0
    assert go("forget", "--customer", "C-99", "--reason", "x", "--as", "manager.sun").code == 1


def test_keys_are_changed_for_customers_too(go: Call, zhang: str) -> None:
    ran = json.loads(go("keys", "rotate", "--json", "--as", "manager.sun").out)
    assert ran == {"key": "k2", "cases": 0, "customers": 1}
    assert json.loads(go("keys", "--json").out)["keys"] == [
        {"name": "k1", "current": False, "cases": 0, "customers": 0}, {"name": "k2", "current": True, "cases": 0, "customers": 1},
    ]  # fmt: skip
    assert "张**" in go("customer", "find", "3-1-502").out


def test_a_mistake_is_told_with_what_would_do(go: Call) -> None:
    unknown = go("customer", "show", "C-77")
    assert (unknown.code, "C-77" in unknown.err) == (1, True)
    assert go("customer", "fnd", "1").code == 2
    assert go("customer", "find").code == 2
    assert go("customer", "find", "1", "2").code == 2
    assert "find" in go("customer").out
    assert "customers" in go("customer", "add", "--name", "x", "--as", "guard.xu").err


def test_finding_a_person_loads_no_module_that_is_heavy(go: Call, zhang: str, office: Path, clock: ManualClock) -> None:
    script = (
        "import sys; sys.argv[1:] = ['--office', sys.argv[1], 'customer', 'find', '13800001234']; from guanjia.cli.main import main; code = main();"
        "print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(office)],
        capture_output=True,
        text=True,
        check=True,
        env=surroundings(office),
    )
    loaded = {name.partition(".")[0] for name in ran.stderr.split()}
    assert zhang in ran.stdout
    assert not loaded & (HEAVY - {"inspect"})
    assert "guanjia.runtime.engine" not in ran.stderr.split()


def test_an_office_without_its_keys_says_so(go: Call, zhang: str, office: Path) -> None:
    (office / "office.key").rename(office / "elsewhere")
    ran = go("customer", "find", "13800001234")
    assert ran.code == 5
    assert "office.key" in ran.err


def test_an_import_shows_what_it_would_do_then_does_it_and_puts_refused_rows_aside(
    go: Call, zhang: str, office: Path
) -> None:
    table = office / "owners.csv"
    table.write_text(
        "姓名,电话,房号,备注\n张伟,13800001234,3-1-503,x\n李娜,13900001111,3-1-504,\n王五,abc,3-1-505,\n",
        encoding="gb18030",
    )
    preview = go("customer", "import", str(table))
    assert preview.code == 1
    for words in (
        "备注",
        "预览，未作改动。共 3 行：新增 1 人，更新 1 人，无变化 0 人，拒绝 1 行",
        "李**",
        "第 4 行",
        "--apply",
        "owners.refused.csv",
    ):
        assert words in preview.out
    assert "李娜" not in preview.out
    assert go("customer", "find", "3-1-504").out == "没有符合的客户。\n"
    done = json.loads(go("customer", "import", str(table), "--apply", "--json").out)
    assert differences(documented("customer import"), done) == []
    assert (done["applied"], done["new"], done["changed"], done["refused"]) == (True, 1, 1, 1)
    assert "3-1-503" in go("customer", "find", zhang).out
    english = go("--lang", "en", "customer", "import", str(table), "--refused", str(office / "r.csv"))
    assert "0 persons new, 0 changed, 2 the same, 1 row refused" in english.out
    assert (office / "r.csv").read_text(encoding="utf-8-sig").splitlines()[0].endswith("row,reason")
    assert go("customer", "import", "nosuch.xlsx").code == 1
    assert "customers" in go("customer", "import", str(table), "--as", "guard.xu").err


def test_whoever_may_be_somebody_who_is_there_is_told_as_he_is_added_with_the_line_that_merges_them(
    go: Call, zhang: str
) -> None:
    same = ("customer", "add", "--name", "张伟", "--phone", "13800001234", "--room", "3-1-502")
    added = go(*same)
    assert (added.code, f"可能是同一人：{zhang}（张**）" in added.out) == (0, True), added.out
    line = f"guanjia customer merge C-00002 {zhang} --reason"
    assert f"{line} …" in added.out
    assert added.out.count("可能是同一人") == 1
    assert go(*line.split()[1:], "本人确认").code == 0
    room = go("--lang", "en", "customer", "add", "--name", "张先生", "--room", "3-1-502")
    assert f"Perhaps the same person: {zhang} (张**)" in room.out
    for other in (["--name", "李芳", "--room", "3-1-502"], ["--name", "张伟", "--room", "3-1-503"]):
        assert json.loads(go("customer", "add", *other, "--json").out)["like"] == []
    told = json.loads(go(*same, "--json").out)
    assert told.pop("like") == [zhang, "C-00003"]
    assert differences(documented("customer find")[0], told) == []


def test_duplicates_are_listed_and_merged(go: Call, zhang: str) -> None:
    assert "没有可能重复" in go("customer", "duplicates").out
    other = json.loads(go("customer", "add", "--name", "张先生", "--phone", "13800001234", "--json").out)["id"]
    listed = go("customer", "duplicates")
    assert "同一电话" in listed.out
    assert f"guanjia customer merge {other} {zhang}" in listed.out
    assert differences(documented("customer duplicates"), json.loads(go("customer", "duplicates", "--json").out)) == []
    assert go("customer", "merge", other, zhang).code == 1
    assert go("customer", "merge", other, zhang, "--reason", "本人确认").code == 0
    assert "并来" in go("customer", "show", zhang).out
    assert zhang in go("customer", "find", other).out


def test_consent_withdrawal_restriction(go: Call, zhang: str) -> None:
    assert go("customer", "consent", zhang, "care").code == 1
    assert go("customer", "consent", zhang, "care", "--notice", "2026-01").code == 0
    assert go("customer", "edit", zhang, "--care", "独居老人").code == 0
    shown = go("customer", "show", zhang)
    assert "独居老人" not in shown.out
    assert "care（2026-01" in shown.out
    assert "独居老人" in go("customer", "show", zhang, "--reveal", "--reason", "走访", "--as", "manager.sun").out
    assert go("customer", "withdraw", zhang, "care").code == 0
    assert go("customer", "withdraw", zhang, "marketing").code == 0
    english = go("--lang", "en", "customer", "show", zhang)
    assert "withdrawn" in english.out
    assert "marketing objects" in english.out
    assert go("customer", "restrict", zhang, "--reason", "本人要求").code == 1
    assert "限制使用" in go("customer", "restrict", zhang, "--reason", "本人要求", "--as", "manager.sun").out
    refused = go("customer", "edit", zhang, "--name", "x")
    assert "--lift" in refused.err
    assert go("customer", "restrict", zhang, "--lift", "--reason", "x", "--as", "manager.sun").code == 0


def test_everything_about_a_person_can_be_handed_over(go: Call, zhang: str, office: Path) -> None:
    (office / "templates/zh/told.text.j2").write_text("主题：我们何时来\n工单 {{ number }}\n")
    go("open", "complaint", "--summary", "电梯异响", "--customer", "13800001234")
    go("do", "TS-2026-00001", "accept", "--room", "3-1-502", "--promise", "x")
    assert go("customer", "export", zhang, "--reason", "本人申请").code == 1
    text = go("customer", "export", zhang, "--reason", "本人申请", "--as", "manager.sun")
    for words in ("张伟", "13800001234", "电梯异响", "导出本人的全部资料：本人申请"):
        assert words in text.out
    assert text.out.endswith("  file  customer\n      我们何时来\n      工单 TS-2026-00001\n")
    plain = json.loads(go("customer", "export", zhang, "--reason", "本人申请", "--as", "manager.sun", "--json").out)
    assert differences(documented("customer export"), plain) == []
    assert plain["customer"]["name"] == "张伟"
    assert go("--lang", "en", "customer", "export", zhang, "--as", "manager.sun").code == 1


def test_a_terminal_shows_that_a_table_is_read_and_then_compared(
    go: Call, office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import contextmanager

    from guanjia.cli.commands import customer_import

    shown = []

    @contextmanager
    def noted(out, what, total):  # type: ignore[no-untyped-def]
        shown.append((what.en, total))
        yield None

    monkeypatch.setattr(customer_import, "progress", noted)
    (office / "owners.csv").write_text("姓名,电话\n张伟,13800001234\n李娜,13800001235\n")
    assert go("customer", "import", str(office / "owners.csv")).code == 0
    assert shown == [("Reading", None), ("Comparing", 2)]
