"""Whether somebody sees a case, and the words where he does not.

The same rule as in lists (`model.sight`), asked of one case as it is. Whoever does not see a case does nothing to it either: the
funnel asks here too, except that a conflict of interest is the core's to refuse (whoever it concerns may still add a remark).
"""

from __future__ import annotations

from ..core import Program, marks
from ..core.allowing import answers
from ..core.attempt import conflict
from ..errors import Refused, Text
from ..model.acquaintance import acquaintance_of
from ..model.case import Case
from ..model.customer import Customer
from ..model.event import Actor
from ..model.sight import Unseen
from .organisation import Organisation


def unseen(people: Organisation, program: Program, case: Case, actor: Actor, *, acting: bool = False) -> Unseen | None:
    """Why an actor does not see a case; None where he does."""
    sight = people.sight(actor)
    if sight is None or (actor.kind == "customer" and answers(case) in actor.roles):
        return None
    if sight.within is None and not program.procedure.visible_to and (acting or not program.procedure.conflicts):
        # Which is most of all there is: nothing but the site could be in the way.
        return None if sight.sites is None or case.site in sight.sites else "site"
    if acting and sight.sites is None and actor.id in (case.assignee, case.opener):
        return None  # which is most of the rest: whoever acts mostly has a hand in it
    return (sight._replace(barred=None) if acting else sight).unseen(case.site, marks(program, case))


def refused(people: Organisation, case: Case, actor: Actor, why: Unseen) -> Refused:
    """The refusal of somebody who does not see a case."""
    who = actor.name or people.name(actor.id)
    if why == "conflict":
        return Refused("conflict", conflict(case), case=case.number)
    if why == "site":
        number = Text(f"{case.number} ", case.number)
        return Refused("site", *elsewhere(people, number, case.site, who), case=case.number)
    if actor.kind == "customer":
        return Refused(
            "sight", Text(f"{case.number} 不是您的工单。", f"{case.number} is not your case."), case=case.number
        )
    return Refused(
        "sight",
        Text(f"{case.number} 不在{who}能看到的工单之内。", f"{case.number} is not among the cases that {who} sees."),
        Text(
            "角色能看到什么写在 organisation.yaml 的 sees，流程另可用 visible_to 收窄；经手过、负责过的总能看到。",
            "What a role sees is said by `sees` in organisation.yaml, and narrowed by `visible_to` of a procedure; whoever had a hand in a case sees it.",
        ),
        case=case.number,
    )  # fmt: skip


def stranger(people: Organisation, it: Customer, actor: Actor) -> Refused | None:
    """The refusal of somebody who does not see a person of the register; None where he does."""
    if acquaintance_of(vars(people), actor).knows(it):
        return None
    who = actor.name or people.name(actor.id)
    if actor.kind != "customer" and it.rooms and not people.abroad(actor):
        return Refused(
            "site",
            *elsewhere(people, Text(f"客户 {it.id} ", f"Customer {it.id}"), it.rooms[0].site, who),
            customer=it.id,
        )
    return Refused(
        "sight", Text(f"客户 {it.id} 的资料不给{who}看。", f"What is known of customer {it.id} is not for {who}."),
        Text("客户资料只给本办公室的人和本人看。", "The register is for people of the house, and for each person what is about himself."),
        customer=it.id,
    )  # fmt: skip


def strange_rooms(people: Organisation, before: Customer, after: Customer, actor: Actor) -> Refused | None:
    """The refusal of somebody who would change a relation to a room at a site that he does not serve; None where he would not."""
    site = acquaintance_of(vars(people), actor).elsewhere(before, after)
    if site is None:
        return None
    return Refused("site", *elsewhere(people, Text("这个房号", "The room"), site, actor.name or people.name(actor.id)))


def elsewhere(people: Organisation, what: Text, site: str, who: str) -> tuple[Text, Text]:
    """That somebody does not serve a site, and where that is said."""
    label = (people.sites.get(site) or {}).get("label") or {}
    zh, en = label.get("zh") or site, label.get("en") or site
    return (
        Text(f"{what.zh}属于“{zh}”（{site}），{who}不在那里任职。", f"{what.en} belongs to {en} ({site}), where {who} does not serve."),
        Text("任职的小区写在 organisation.yaml 该员工的 sites。", "Which sites somebody serves is said by `sites` in organisation.yaml."),
    )  # fmt: skip
