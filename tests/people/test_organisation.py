"""Who there is, who answers for whom, and how each is reached."""

from __future__ import annotations

import pytest
from guanjia.errors import NotFound
from guanjia.people import Organisation

DATA = {
    "roles": {
        "agent": {"parent": "supervisor", "label": {"zh": "客服", "en": "agent"}},
        "supervisor": {"parent": "manager", "rights": ["backdate"]},
        "manager": {"rights": ["all"]},
        "night": {"parent": "agent"},
        "circle": {"parent": "circle"},
        "contractor": {"outside": True},
    },
    "staff": {
        "agent.wang": {"name": "王小明", "roles": ["agent"], "on_duty": False, "users": ["wang"]},
        "agent.li": {"name": "Li Lei", "roles": "agent", "language": "en", "mail": "li@example.com"},
        "agent.old": {"name": "老赵", "roles": ["agent"], "active": False, "users": ["zhao"]},
        "manager.sun": {"name": "孙", "roles": ["manager", "contractor"]},
    },
}
PEOPLE = Organisation.from_plain(DATA, "zh")


def test_whoever_is_on_duty_comes_first_and_whoever_left_not_at_all():
    assert PEOPLE.candidates("agent") == ("agent.li", "agent.wang")


@pytest.mark.parametrize(
    ("role", "who"), [("night", "agent.li"), ("supervisor", "manager.sun"), ("circle", None), ("nobody", None)]
)
def test_a_role_without_people_falls_to_the_role_above_it(role, who):
    assert (PEOPLE.resolve(role) or (None,))[0] == who


def test_the_machines_user_is_a_person_unless_he_left():
    assert PEOPLE.by_user("wang").id == "agent.wang"
    assert PEOPLE.by_user("zhao") is None
    assert PEOPLE.by_user("root") is None


@pytest.mark.parametrize(("asked", "said"), [("agent.wong", "agent.wang"), ("agent.old", "has left")])
def test_an_unknown_person_is_told_with_who_may_be_meant(asked, said):
    with pytest.raises(NotFound) as unknown:
        PEOPLE.actor(asked)
    assert said in unknown.value.text.en + (unknown.value.hint.en if unknown.value.hint else "")


def test_each_is_reached_in_their_language_and_outsiders_are_known_as_such():
    li, sun = PEOPLE.contact("staff:agent.li"), PEOPLE.contact("staff:manager.sun")
    assert (li.language, li.addresses, li.outside) == ("en", {"mail": "li@example.com"}, False)
    assert (sun.language, sun.outside) == ("zh", True)
    assert PEOPLE.contact("staff:stranger") is None


def test_rights_come_with_roles():
    assert PEOPLE.may(PEOPLE.actor("manager.sun"), "backdate")
    assert not PEOPLE.may(PEOPLE.actor("agent.li"), "backdate")
    assert PEOPLE.may(PEOPLE.actor("system"), "backdate")
