"""What may become of a customer, and what they are found by; no store and no clock."""

from __future__ import annotations

from typing import Any

import pytest
from guanjia.errors import NotFound, Refused
from guanjia.model.customer import CARE, Consent, Customer, Relation, alike, digits, sought
from guanjia.people.customers import Asked, Decided, Surroundings, absorbed, decide, identifier
from hypothesis import given, settings, strategies as st

AROUND = Surroundings(1_000, "Asia/Shanghai", "main", ("main", "west"), ("file", "mail"))
NOBODY = Customer("C-1")


def asked(customer: Customer, kind: Any, **given: Any) -> Decided:
    return decide(customer, Asked(kind, customer.id, **given), AROUND)


def known(**given: Any) -> Customer:
    person = Customer(
        "C-1", "张伟", ("13800001234",), rooms=(Relation("main", "3-1-502", "owner"),), verified_at=1, seq=1
    )
    return person._replace(**given)


def test_whoever_is_added_has_what_was_said_and_counts_as_verified() -> None:
    values = {"name": " 张伟 ", "phones": ["138 0000 1234"], "rooms": [{"room": "3-1-502", "relation": "租户", "since": "2026/3/2"}], "language": "中文",
              "hours": "09:00-12:00、14:00-18:00"}  # fmt: skip
    done = asked(NOBODY, "add", values=values)
    assert done.type == "registered"
    assert done.customer.name == "张伟"
    assert done.customer.rooms == (Relation("main", "3-1-502", "tenant", "2026-03-02"),)
    assert (done.customer.language, done.customer.hours) == ("zh", ("09:00-12:00", "14:00-18:00"))
    assert done.customer.verified_at == AROUND.now
    assert "张伟" not in str(done.data)
    with pytest.raises(Refused, match="There is a customer"):
        asked(known(), "add", values=values)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({}, "neither a name"), ({"name": "x" * 201}, "longer"), ({"phones": ["abc"]}, "phone"), ({"mails": ["abc"]}, "address"),
        ({"name": "x", "rooms": [{"room": ""}]}, "no room"), ({"name": "x", "rooms": [{"room": "1", "relation": "boss"}]}, "none of owner"),
        ({"name": "x", "rooms": [{"room": "1", "site": "moon"}]}, "no site"), ({"name": "x", "rooms": [{"room": "1", "since": "2026-02-30"}]}, "no date"),
        ({"name": "x", "rooms": [{"room": "1", "since": "2026-03-02", "until": "2026-03-01"}]}, "before"),
        ({"name": "x", "language": "fr"}, "zh nor en"), ({"name": "x", "channel": "pigeon"}, "the office has no"),
        ({"name": "x", "hours": "nine"}, "window"), ({"name": "x", "colour": "red"}, "no field 'colour'"), ({"name": "x\ud83d"}, "half a character"),
        ({"name": "x", "phones": 13800001234}, "a list is wanted"), ({"name": "x", "phones": [13800001234]}, "give text, and no int"), ({"name": "x", "hours": 5}, "a list is wanted"),
        ({"name": "x", "rooms": "3-1-502"}, "write {\"room\""), ({"name": "x", "rooms": ["3-1-502"]}, "write {\"room\""), ({"name": "x", "rooms": b"3"}, "a list is wanted"),
        ({"name": "x", "rooms": [{"room": "3-1-502", "untill": "2024-12-31"}]}, "write {\"room\""),
        ({"name": "x", "phones": [f"1380000{n:04}" for n in range(51)]}, "more than 50"),
    ],
)  # fmt: skip
def test_what_will_not_do_is_told(values: dict[str, Any], what: str) -> None:
    with pytest.raises(Refused, match=what):
        asked(NOBODY, "add", values=values)


def test_one_alone_stands_for_a_list_of_it() -> None:
    values = {"phones": "13800001234", "mails": "a@example.com", "rooms": {"room": "3-1-502"}, "care": "wheelchair"}
    done = asked(known(phones=(), rooms=(), consents=(Consent(CARE, "v1", 1),)), "edit", values=values).customer
    assert (done.phones, done.mails, done.care) == (("13800001234",), ("a@example.com",), ("wheelchair",))
    assert done.rooms == (Relation("main", "3-1-502", "owner"),)
    assert asked(done, "edit", drop={"phones": "13800001234"}).customer.phones == ()


def test_a_field_that_a_customer_has_not_is_told_with_those_there_are() -> None:
    with pytest.raises(NotFound, match="no field 'phone'") as refused:
        asked(NOBODY, "add", values={"name": "x", "phone": "13800001234"})
    assert "phones" in refused.value.data["known"]
    assert refused.value.hint is not None
    assert "phones" in refused.value.hint.en


def test_a_correction_replaces_what_is_one_and_adds_to_what_are_many() -> None:
    done = asked(
        known(language="zh"),
        "edit",
        values={"name": "张玮", "phones": ["13900001234", "138-0000-1234"], "language": ""},
    )
    assert done.type == "changed"
    assert (done.customer.name, done.customer.language) == ("张玮", None)
    assert done.customer.phones == ("13800001234", "13900001234")
    assert done.data == {"fields": ["name", "language", "phones"]}


def test_whoever_moves_out_gets_an_end_and_the_relation_stays() -> None:
    done = asked(known(), "edit", values={"rooms": [{"room": "3-1-502", "until": "2026-10-31"}]})
    assert done.customer.rooms == (Relation("main", "3-1-502", "owner", None, "2026-10-31"),)
    assert done.customer.at_home("2026-10-31")
    assert not done.customer.at_home("2026-11-01")
    assert asked(done.customer, "edit", drop={"rooms": ["3-1-502"]}).customer.rooms == ()


def test_whoever_moves_in_again_has_not_moved_out_any_more() -> None:
    gone = known(rooms=(Relation("main", "3-1-502", "owner", "2020-01-01", "2026-03-01"),))
    done = asked(gone, "edit", values={"rooms": [{"room": "3-1-502", "since": "2026-10-01"}]})
    assert done.customer.rooms == (Relation("main", "3-1-502", "owner", "2026-10-01", None),)
    same = asked(gone, "edit", values={"rooms": [{"room": "3-1-502", "since": "2021-01-01"}]})
    assert same.customer.rooms == (Relation("main", "3-1-502", "owner", "2021-01-01", "2026-03-01"),)


def test_a_room_that_is_named_again_keeps_what_the_person_is_to_it() -> None:
    tenant = known(rooms=(Relation("main", "3-1-502", "tenant"),))
    done = asked(tenant, "edit", values={"rooms": [{"room": "3-1-502", "until": "2026-10-31"}]})
    assert done.customer.rooms == (Relation("main", "3-1-502", "tenant", None, "2026-10-31"),)
    both = asked(tenant, "edit", values={"rooms": [{"room": "3-1-502", "relation": "owner"}]})
    assert [each.relation for each in both.customer.rooms] == ["tenant", "owner"]


def test_what_is_to_go_must_be_there() -> None:
    done = asked(known(), "edit", values={"phones": ["13900001234"]}, drop={"phones": ["+86 13800001234"]})
    assert done.customer.phones == ("13900001234",)
    with pytest.raises(Refused, match="take away"):
        asked(known(), "edit", drop={"phones": ["13700001234"]})


def test_what_changes_nothing_is_no_event() -> None:
    assert (
        asked(known(), "edit", values={"name": "张伟", "phones": ["13800001234"], "rooms": [{"room": "3-1-502"}]}).type
        is None
    )
    assert asked(known(), "lift").type is None


def test_care_tags_need_a_consent_and_go_with_it() -> None:
    with pytest.raises(Refused, match="agree first") as refused:
        asked(known(), "edit", values={"care": ["独居老人"]})
    assert refused.value.code == "consent"
    agreed = asked(known(), "consent", name=CARE, notice="2026-01").customer
    cared = asked(agreed, "edit", values={"care": ["独居老人"]}).customer
    assert cared.care == ("独居老人",)
    done = asked(cared, "withdraw", name=CARE)
    assert (done.customer.care, done.data) == ((), {"objected": False, "fields": ["care"]})
    with pytest.raises(Refused, match="agree first"):
        asked(done.customer, "edit", values={"care": ["独居老人"]})


def test_a_consent_keeps_the_notice_it_was_given_under_and_a_new_notice_is_a_new_consent() -> None:
    first = asked(known(), "consent", name="activities", notice="v1").customer
    assert asked(first, "consent", name="activities", notice="v1").type is None
    second = asked(first, "consent", name="activities", notice="v2").customer
    assert [each.notice for each in second.consents] == ["v1", "v2"]
    ended = asked(second, "withdraw", name="activities").customer
    assert ended.consents[-1] == Consent("activities", "v2", AROUND.now, AROUND.now)
    assert not ended.agrees("activities")
    assert asked(ended, "withdraw", name="activities").type is None
    again = asked(ended, "consent", name="activities", notice="v2").customer
    assert again.agrees("activities")


def test_whoever_never_agreed_may_object() -> None:
    done = asked(known(), "withdraw", name="marketing")
    assert done.customer.consents == (Consent("marketing", None, None, AROUND.now),)
    assert done.data["objected"] is True


def test_what_is_restricted_is_kept_as_it_is() -> None:
    kept = asked(known(), "restrict").customer
    for kind in ("edit", "verify", "consent", "merge"):
        with pytest.raises(Refused, match="restricted"):
            asked(kept, kind, name="x", notice="y")
    assert asked(kept, "withdraw", name="activities").type == "withdrew"
    assert asked(kept, "lift").customer == known()


def test_whoever_was_merged_is_answered_for_by_the_survivor() -> None:
    other = known(id="C-2", name="", phones=("13800001234", "13900001234"), language="en", seq=4)
    gone = asked(other, "merge", name="C-1").customer
    kept = absorbed(known(), other)
    assert gone.survivor == "C-1"
    assert list(gone.terms()) == []
    assert (kept.customer.phones, kept.customer.name, kept.customer.language) == (
        ("13800001234", "13900001234"),
        "张伟",
        "en",
    )
    early = absorbed(known(), known(id="C-2", hours=("10:00-20:00",)))
    assert (early.customer.hours, early.data["fields"]) == (("10:00-20:00",), ["hours"])
    assert absorbed(known(hours=("08:00-09:00",)), early.customer).customer.hours == ("08:00-09:00",)
    with pytest.raises(Refused, match="merged into C-1") as refused:
        asked(gone, "edit", values={"name": "x"})
    assert refused.value.data["survivor"] == "C-1"


def test_what_is_forgotten_has_nothing_left() -> None:
    gone = asked(known(), "forget").customer
    assert gone == Customer("C-1", forgotten=True, seq=1)
    with pytest.raises(Refused, match="destroyed"):
        asked(gone, "reveal")


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_characters="*"), min_size=2, max_size=40),
    st.text("0123456789", min_size=9, max_size=15),
    st.sampled_from(["chun@example.com", "li.lei@mail.example"]),
)
def test_masked_tells_too_little_to_use(name: str, phone: str, mail: str) -> None:
    shown = known(name=name, phones=(phone,), mails=(mail,), care=("独居老人",)).masked()
    assert shown.name == f"{name[:1]}**"
    assert phone not in shown.phones[0]
    assert mail.partition("@")[0] not in shown.mails[0]
    assert "独居" not in str(shown)


def test_a_record_becomes_the_customer_that_it_was_made_of() -> None:
    person = known(consents=(Consent("x", "v1", 5),), hours=("09:00-12:00",), restricted=True)
    assert Customer.of("C-1", person.record(), verified_at=1, seq=1) == person


def test_a_number_is_the_same_however_it_is_written() -> None:
    assert {digits(text) for text in ("13800001234", "138 0000 1234", "+86 138-0000-1234", "008613800001234")} == {
        "13800001234"
    }
    assert digits("+44 20 7946 0018") == "442079460018"
    assert [kind for kind, _ in sought("0571-88001234")] == ["phone", "room"]
    assert sought("3-1-502") == [("room", "3-1-502")]
    assert sought(" Zhang  Wei") == [("room", "ZHANG  WEI"), ("name", "zhangwei")]
    assert sought(" Li@Example.com") == [("mail", "li@example.com")]


@pytest.mark.parametrize(("one", "other", "same"), [
    ("张伟", "张 伟", True), ("张伟（业主）", "张伟", True), ("张先生", "张伟", True), ("Li Lei", "LEI LI", True), ("张伟", "张玮", False),
    ("张伟", "李伟", False), ("", "张伟", False), ("张伟先生", "张伟", True), ("Mr. Smith", "Smith", True),
])  # fmt: skip
def test_names_that_may_be_of_one_person(one: str, other: str, same: bool) -> None:
    assert alike(one, other) is same
    assert alike(other, one) is same


def test_an_id_holds_no_number_of_anybody() -> None:
    assert identifier(" wx-1001 ") == "wx-1001"
    for text in ("13800001234", "li@example.com", "110105199012310018", "", "a b", "customer:1"):
        with pytest.raises(Refused, match="id"):
            identifier(text)
