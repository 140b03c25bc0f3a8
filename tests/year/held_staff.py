"""Clauses 22 to 31 over everything that happened: duties, training, contact, quality, activities and the pledge (see held.py)."""

from __future__ import annotations

from collections.abc import Iterator

from guanjia.clock import DAY, MINUTE, moment

from tests.year.held import PHONE, Seen, Year, all_year, of


@of("22")
def whoever_acts_has_a_role_that_may(seen: Seen) -> Iterator[bool]:
    """Reckoned anew from what is written, and not by the engine's own judge."""
    may: dict[str, set[str]] = {}
    for node in (seen.program.root, *seen.program.nodes.values()):
        for name, branches in node.state.transitions.items():
            may.setdefault(name, set()).update(
                word.removesuffix(" for customer") for branch in branches for word in branch.by
            )
    people = {seen.case.opener, seen.case.customer, *(who for _, who in seen.facts.assignees)}
    for deed in seen.facts.deeds:
        words = may.get(deed.name, set())
        roles = set(seen.people.roles_of(deed.actor)) if deed.actor in seen.people.staff else set[str]()
        yield bool(words & roles) or "anyone" in words or "staff" in words or deed.actor in people


@of("23", "reception", "hotline")
def missed_calls_are_called_back_or_somebody_is_told(seen: Seen) -> Iterator[bool]:
    yield from seen.answered("call_back", "sign", "contact")
    if seen.case.procedure == "reception" and seen.took("to_complaint", "to_repair", "to_fee_dispute"):
        yield bool(seen.case.children)


@of("24", "repair")
def electrical_work_is_given_to_whoever_has_a_certificate(seen: Seen) -> Iterator[bool]:
    for event in seen.took("dispatch", "redispatch"):
        if event.data.get("assignee") and seen.case.fields.get("skill") == "electrical" and not _changed(seen, "skill"):
            # Where nobody able was asked for, the lead takes it and finds somebody.
            day = moment(event.occurred_at, seen.zone).date().isoformat()
            able = seen.people.staff[event.data["assignee"]].get("certificates", {}).get("electrical", "") >= day
            yield able or "stands_in" in event.data


def _changed(seen: Seen, name: str) -> bool:
    return sum(name in event.data.get("set", {}) for event in seen.events) > 1


@of("24", "training")
def a_training_that_is_over_was_held_and_weighed(seen: Seen) -> Iterator[bool]:
    if "closed" in seen.case.states:
        yield (
            bool(seen.took("deliver"))
            and (seen.case.fields.get("attended") or 0) <= (seen.case.fields.get("invited") or 0)
            and seen.case.fields.get("effect") is not None
        )
    yield from seen.answered("scheduling", "testing_it", "evaluation")


@of("25", "appraisal")
def nobody_rates_himself_weights_add_up_and_appeals_are_answered(seen: Seen) -> Iterator[bool]:
    whom, scheme = seen.case.fields["whom"], seen.case.entries["scheme"]["values"]
    yield whom not in seen.who("freeze", "judge", "calibrate", "apply", "decide")
    if seen.took("freeze"):
        yield (
            sum(scheme[name] for name in ("timely", "satisfaction", "lasting", "spot_check", "trained", "judged"))
            == 100
        )
    for event in seen.took("appeal"):
        yield event.actor == whom
        if "closed" in seen.case.states:
            yield bool(seen.took("decide"))
    yield from seen.apart(("decide",), ("judge",))
    yield from seen.answered("appeal_answer")


@of("26", "reception")
def no_suggestion_is_refused_without_a_reason(seen: Seen) -> Iterator[bool]:
    for event in seen.took("decide"):
        yield seen.given(event, "verdict") == "adopted" or bool(seen.given(event, "ground"))


@of("26", "contact")
def a_visit_that_is_late_escalates(seen: Seen) -> Iterator[bool]:
    yield from (seen.in_time(clock) for clock in seen.cycles)


@of("27", "handover")
def who_takes_over_is_another_and_counts_the_same(seen: Seen) -> Iterator[bool]:
    for event in seen.took("take_over"):
        yield seen.given(event, "counted") == seen.case.fields["open_cases"] and event.actor != seen.case.opener
    yield from seen.answered("taking_over", "settling")


@of("27", "complaint")
def an_urgent_notice_that_nobody_reads_goes_to_the_substitute(seen: Seen) -> Iterator[bool]:
    climb = seen.case.climbs.get("read")
    if climb is not None and climb.told:
        read = climb.ended_at if climb.status in ("acknowledged", "stopped") and climb.ended_at is not None else None
        unread = read is None or read - climb.told[0].at > 10 * MINUTE
        yield not unread or len(climb.told) > 1 or climb.due is not None


@of("28", "survey")
def a_survey_is_published_when_the_dissatisfied_were_called(seen: Seen) -> Iterator[bool]:
    if "closed" in seen.case.states:
        yield (seen.case.fields.get("called") or 0) >= (seen.case.fields.get("unhappy") or 0)
    yield from (seen.in_time(clock) for clock in seen.cycles)


@all_year("28")
def a_survey_was_held_within_a_year(year: Year) -> Iterator[bool]:
    yield year.counted["survey"] > 0 or year.end - year.begin < 365 * DAY


@of("29", "service_audit")
def who_corrects_does_not_verify_and_what_is_late_escalates(seen: Seen) -> Iterator[bool]:
    yield from seen.apart(("verified",), ("corrected",))
    yield from (seen.in_time(clock) for clock in seen.cycles)


@all_year("29")
def the_figures_of_the_report_follow_from_the_history(year: Year) -> Iterator[bool]:
    yield year.reports["kept"] == year.kept
    yield year.reports["broken"] == year.broken


@of("30", "activity")
def a_large_activity_has_a_safety_plan_and_somebody_else_approves(seen: Seen) -> Iterator[bool]:
    yield from seen.apart(("approve",), ("propose",))
    if seen.took("approve"):
        yield seen.case.fields["people"] <= 200 or seen.case.fields.get("safety_plan") is not None
    kept = seen.program.procedure.retention
    yield kept is not None and str(kept.after) == "90 days"


@all_year("31")
def the_pledge_is_told_in_both_languages_and_names_nobody(year: Year) -> Iterator[bool]:
    for text in year.pledge.values():
        yield bool(text) and not PHONE.search(text) and not any(name in text for name in year.names)
