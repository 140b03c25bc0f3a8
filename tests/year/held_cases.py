"""Clauses 1 to 21 over everything that happened: residents, standards, complaints, emergencies, facilities, repairs and charges (see held.py)."""

from __future__ import annotations

from collections.abc import Iterator

from guanjia.model.event import is_personal

from tests.year.held import Seen, Year, all_year, of

# -- 1 to 8: residents, standards, the first contact


@all_year("1")
def each_household_has_a_history_and_is_listed_when_nobody_verified_it(year: Year) -> Iterator[bool]:
    for customer, events in year.registered.items():
        yield bool(events) and events[0].type == "registered"
        last = max((event.recorded_at for event in events if event.type in ("registered", "verified")), default=0)
        yield (customer in year.stale) == (last < year.stale_before)


@all_year("2")
def nobody_else_reads_the_number_of_a_resident(year: Year) -> Iterator[bool]:
    """But whoever is called to an emergency: he has to reach whoever is in danger."""
    for case, (procedure, _) in year.ids.items():
        if procedure != "emergency":
            yield year.loud[case] == 0


@of("2")
def what_is_personal_is_sealed_and_looked_at_for_a_reason(seen: Seen) -> Iterator[bool]:
    for name, about in seen.program.fields.items():
        if about.personal and (value := seen.case.fields.get(name)) is not None:
            yield is_personal(value)
    for event in seen.events:
        if event.type == "revealed":
            yield bool(event.data.get("reason"))


@of("2", "privacy_request", "data_incident")
def a_request_that_is_late_escalates(seen: Seen) -> Iterator[bool]:
    yield from (seen.in_time(clock) for clock in seen.cycles)


@all_year("3")
def each_resident_is_told_in_the_language_he_asked_for(year: Year) -> Iterator[bool]:
    yield from (True for _ in range(year.wanted["en"]))
    yield from (False for _ in range(year.strange))


@of("4")
def each_promise_keeps_a_standard_of_the_version_that_the_case_runs_under(seen: Seen) -> Iterator[bool]:
    written = seen.program.procedure.sla
    for clock in seen.cycles:
        target = written[clock.name].target[clock.target]
        yield any(part.standard for part in (target, *target.earliest)) and seen.case.version == seen.program.hash


@all_year("5")
def each_domain_was_walked(year: Year) -> Iterator[bool]:
    for domain in ("cleaning", "greening", "order", "engineering"):
        yield domain in year.domains
    yield year.counted["repair"] > 0


@of("5", "patrol")
def each_round_has_points_and_a_limit(seen: Seen) -> Iterator[bool]:
    yield seen.case.entries["route"]["values"]["points"] >= 1 and bool(seen.cycles)


@of("6", "reception")
def nobody_is_answered_with_the_check_list_open(seen: Seen) -> Iterator[bool]:
    for _ in seen.took("answer", "route", "weigh")[:1]:
        yield all(
            seen.case.fields.get(name) is not None for name in ("greeted", "named", "repeated", "thanked", "notice")
        )
    yield from seen.answered("pick_up")


@of("7", "complaint", "repair", "reception")
def the_times_in_states_add_up_to_the_life_of_a_case(seen: Seen) -> Iterator[bool]:
    """No instant of a case is lost: it is in some innermost state from its opening to its end."""
    leaves = {node.name for node in seen.program.leaves_below(seen.program.root)}
    stays = sorted(
        (stay.entered, stay.left) for stay in seen.facts.stays if stay.state in leaves and stay.left is not None
    )
    if seen.case.finished and not seen.facts.reopenings and not seen.case.merged:
        yield sum(left - entered for entered, left in stays) == (seen.case.closed_at or 0) - seen.case.opened_at


@of("8", "complaint")
def a_complaint_came_by_a_channel_that_there_is_and_was_acknowledged(seen: Seen) -> Iterator[bool]:
    yield seen.case.fields.get("channel") in seen.program.fields["channel"].of and seen.told("complaint_received") > 0


# -- 9 to 17: complaints


@of("9", "complaint")
def a_complaint_says_what_where_and_when_and_is_received_in_time(seen: Seen) -> Iterator[bool]:
    yield all(seen.case.fields.get(name) for name in ("summary", "place", "occurred"))
    yield from seen.answered("receipt")


@all_year("9")
def no_number_stands_twice(year: Year) -> Iterator[bool]:
    yield from (count == 1 for count in year.numbers.values())


@of("10", "complaint")
def an_assessed_complaint_has_its_category_and_danger_its_emergency(seen: Seen) -> Iterator[bool]:
    if seen.took("assess"):
        yield bool(
            seen.case.fields.get("category") and seen.case.fields.get("severity") and seen.case.fields.get("department")
        )
    if seen.case.fields.get("danger") and not seen.case.merged:
        yield "danger_case" in seen.case.children


@all_year("10")
def a_danger_and_its_emergency_know_each_other(year: Year) -> Iterator[bool]:
    for case, child, danger in year.children:
        procedure, parent = year.ids[child]
        yield parent == case and (not danger or procedure == "emergency")


@of("11", "complaint")
def no_complaint_is_late_without_a_breach_and_somebody_told(seen: Seen) -> Iterator[bool]:
    yield from seen.answered("assessment", "first_reply", "decide", "answer", "hotline_sign", "hotline_reply")


@of("12", "complaint")
def nobody_handles_a_complaint_about_himself_and_untaken_ones_escalate(seen: Seen) -> Iterator[bool]:
    subject = seen.case.fields.get("subject")
    if subject is not None:
        known = next((event.seq for event in seen.events if "subject" in event.data.get("set", {})), 0)
        yield subject != seen.case.assignee
        yield all(event.actor != subject for event in seen.events if event.type == "acted" and event.seq > known)
    yield from seen.answered("take")


@of("13", "complaint")
def findings_come_before_a_proposal_and_a_cause_before_the_end(seen: Seen) -> Iterator[bool]:
    for event in seen.took("propose")[:1]:
        yield any(found.seq < event.seq for found in seen.took("find"))
    if seen.case.outcome in ("satisfied", "no_answer"):
        yield seen.case.fields.get("cause") is not None


@of("14", "complaint")
def nothing_is_done_without_evidence_and_two_refusals_lead_outside(seen: Seen) -> Iterator[bool]:
    for event in seen.took("carried_out"):
        yield bool(seen.given(event, "evidence"))
    if len(seen.took("dispute")) >= 2:
        yield seen.told("external_paths") > 0


@of("15", "complaint")
def somebody_else_verifies_and_no_refusal_is_without_a_reason(seen: Seen) -> Iterator[bool]:
    for event in seen.took("reject", "refer", "return_ticket"):
        yield bool(seen.given(event, "why"))
    yield from seen.apart(("verified",), ("carried_out",))
    yield from seen.apart(("rate", "no_contact"), ("accept", "find", "propose", "carried_out"))
    yield from seen.apart(("approve",), ("propose",))


@of("16", "complaint")
def each_complaint_ends_with_a_visit_and_two_marks_or_less_reopen_it(seen: Seen) -> Iterator[bool]:
    if seen.case.outcome == "satisfied":
        yield bool(seen.took("rate"))
    if seen.case.outcome == "no_answer":
        yield len(seen.took("no_contact")) >= 3
    for event in seen.took("rate"):
        good = seen.given(event, "score") > 2 and bool(seen.given(event, "solved"))
        yield good == ("closed" in event.data.get("entered", ()))


@of("17", "improvement_action")
def an_improvement_ends_with_figures_before_and_after(seen: Seen) -> Iterator[bool]:
    if seen.case.finished and "closed" in seen.case.states:
        yield seen.case.fields.get("before") is not None and bool(seen.took("measure"))


@all_year("17")
def the_report_counts_every_complaint(year: Year) -> Iterator[bool]:
    yield year.reports.get("complaints", 0) == year.complaints


# -- 18 to 24: emergencies, facilities, repairs, charges, duties


@of("18", "emergency")
def an_emergency_takes_its_five_tracks_and_two_hours_are_an_accident(seen: Seen) -> Iterator[bool]:
    for _ in seen.entered("responding")[:1]:
        yield all(seen.entered(track) for track in ("searching", "isolating", "informing", "judging", "preserving"))
    for clock in seen.cycles:
        if clock.name == "trapped" and clock.breached_at is not None:
            yield bool(seen.case.fields.get("accident"))
    yield from seen.answered("grading", "on_scene")


@all_year("18")
def no_drill_leaves_the_house(year: Year) -> Iterator[bool]:
    yield from (year.abroad[case] == 0 for case in sorted(year.drills))
    if year.drills:
        yield year.recorded > 0


@of("19", "inspection")
def what_was_missed_is_broken_and_what_was_found_is_looked_at_again(seen: Seen) -> Iterator[bool]:
    yield from seen.answered("do_by")
    if seen.took("abnormal") and "closed" in seen.case.states:
        yield any(seen.given(event, "sound") for event in seen.took("rechecked"))


@all_year("19")
def each_planned_instant_opened_one_case_then(year: Year) -> Iterator[bool]:
    for at, case in year.planned.values():
        yield case is not None and year.scheduled.get(case) == at
    cases = [case for _, case in year.planned.values()]
    yield len(cases) == len(set(cases))
    yield set(year.scheduled) <= set(cases)


@of("20", "repair")
def nobody_pays_for_what_he_did_not_agree_to_and_arrivals_are_measured(seen: Seen) -> Iterator[bool]:
    if seen.case.fields.get("payer") == "paid" and not seen.case.fields.get("redo"):
        for event in seen.took("finish")[-1:]:
            yield any(agreed.seq < event.seq for agreed in seen.took("agree"))
    for waiting in seen.entered("waiting_parts"):
        yield any(
            event.occurred_at == waiting
            and any(note["template"] == "waiting_parts_notice" for note in event.data.get("notify", ()))
            for event in seen.events
        )
    yield from seen.answered("arrival")


@of("21", "fee_dispute")
def who_refunds_did_not_ask_for_it_and_no_more_than_was_disputed(seen: Seen) -> Iterator[bool]:
    yield float(seen.case.fields.get("reduction") or 0) <= float(seen.case.fields["amount"])
    yield from seen.apart(("approve",), ("decide",))
    yield from seen.apart(("adjusted",), ("approve",))
    yield not any(word in deed.name for deed in seen.facts.deeds for word in ("cut", "shut_off", "disconnect"))
