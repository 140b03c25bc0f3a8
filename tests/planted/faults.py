"""The faults: in which file which text is made wrong in which way, and which tests ought to notice."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    name: str
    file: str
    right: str
    wrong: str
    tests: tuple[str, ...]


CORE, CLOCKS, ENGINE = "tests/core/test_statecharts.py", "tests/core/test_clocks.py", "tests/runtime/test_engine.py"
RULES, TRUTH = "tests/core/test_clock_rules.py", "tests/runtime/test_truth.py"
STORE, POSTGRES = "tests/store/test_conformance.py", "tests/store/test_postgres.py"
REGISTER, TOLD = "tests/runtime/test_register.py", "tests/runtime/test_customers_told.py"
MAIL, DELIVERY, HOSTILE = "tests/channels/test_mail.py", "tests/runtime/test_delivery.py", "tests/expressions"
MISUSE = "tests/runtime/test_misuse.py"
COSTS = "tests/expressions/test_costs.py"

PERSONAL, RETENTION = "tests/runtime/test_personal.py", "tests/runtime/test_retention.py"

FAULTS = (
    # -- clocks
    Fault("breach-after-the-instant", "core/clocks.py", "clock.due <= at", "clock.due < at", (RULES, CLOCKS, ENGINE)),
    Fault("pauses-forgotten", "core/clocks.py", "pauses=(*clock.pauses, (now, None))", "pauses=((now, None),)", (RULES, CLOCKS)),
    Fault("verdict-forgotten", "core/clocks.py", 'if status == "met" and breached_at is not None:', "if False:", (RULES, CLOCKS)),
    Fault("a-storm-of-overtaken", "core/clocks.py", "    if not passed:\n", "    if True:\n", (RULES, CLOCKS)),
    Fault("cancel-before-stop", "core/following.py",
          'step.put(clocks.end(step.program, clock, "met", step.now))', 'step.put(clocks.end(step.program, clock, "cancelled", step.now))', (RULES, CLOCKS)),
    Fault("head-forgotten", "core/limits.py", "left = max(0, limit.head - limit.used)", "left = limit.head", (RULES, CLOCKS, "tests/core/test_clock_reference.py")),
    Fault("due-is-the-latest", "model/case.py", "return min(soonest, default=None)",
          "return max(soonest, default=None)", (CORE, TRUTH)),
    # -- calendars
    Fault("first-day-counts", "calendars/counting.py", "first_day: bool = False", "first_day: bool = True", ("tests/calendars",)),
    Fault("closing-time-is-next-morning", "calendars/years.py", "bisect_left(self.before, spent) - 1", "bisect_left(self.before, spent + 1) - 1", ("tests/calendars",)),
    Fault("a-window-ends-a-minute-early", "calendars/years.py", "closes * MINUTE", "(closes - 1) * MINUTE", ("tests/calendars",)),
    # -- the core and the funnel
    Fault("due-things-too-early", "core/commands.py", "if case.finished or at > run.now:", "if case.finished or at > run.now + 1_000_000_000:", (ENGINE, CORE)),
    Fault("due-after-the-command", "runtime/funnel.py", "is not None and due <= until:", "is not None and due < until:", (ENGINE, CORE)),
    Fault("a-key-for-any-command", "runtime/once.py", "if answer.digest != digest:", "if False:", (ENGINE,)),
    Fault("expect-not-asked", "runtime/funnel.py", "if command.expect is not None and command.expect != pack.case.seq:", "if False:", (ENGINE, "tests/cli/test_office.py")),
    Fault("attempts-not-recorded", "runtime/funnel.py", "if overtaken or refused.code in RECORDED:", "if overtaken:", (ENGINE, "tests/runtime/test_refusals.py")),
    Fault("nobody-is-asked-for-rights", "model/rights.py", '        if right in rights or "all" in rights:', "        if True:",
          ("tests/people", ENGINE, "tests/runtime/test_refusals.py")),
    Fault("on-duty-means-everybody", "people/organisation.py", "if asked != word and at is not None:", "if False:", ("tests/people", "tests/core/test_ladders.py")),
    Fault("a-team-has-no-lead", "people/organisation.py", 'if kind == "team":', "if False:", ("tests/people",)),
    Fault("four-eyes-closed", "core/attempt.py", "not {past.by, past.through}.isdisjoint(self._persons())", "past.by == self.actor.name", (CORE, ENGINE, "tests/authoring")),
    Fault("a-circle-without-end", "runtime/funnel.py", "if times > MOST_STEPS:", "if times > MOST_STEPS * 1000:", ("tests/runtime/test_loops.py",)),
    Fault("schedules-open-again", "runtime/schedules.py", '("schedule", name, it.row, it.name)', '("schedule", name, it.row, it.name, str(id(engine)))', ("tests/runtime/test_worker.py",)),
    Fault("what-was-planned-by-the-registry-of-now", "runtime/planning.py", "if engine.registry_since(name) <= since:", "if True:", ("tests/runtime/test_schedules.py",)),
    Fault("a-late-row-is-forgotten", "runtime/schedules.py", 'if fresh and schedule.catch_up != "skip":', "if False:", ("tests/runtime/test_schedules.py",)),
    Fault("a-lull-outlives-its-files", "runtime/engine.py", "        self.lulls.clear()\n", "", ("tests/runtime/test_schedules.py",)),
    Fault("each-round-reckons-anew", "runtime/schedules.py", "if engine.lulls.get(name, _NONE).holds(kept, now):", "if False:", ("tests/runtime/test_schedules.py",)),
    Fault("nobody-is-counted", "runtime/funnel.py", "if (now := rows(self.program, self.case)) != self.alike:", "if (now := rows(self.program, self.case)) == self.alike:", ("tests/runtime/test_counts.py",)),
    Fault("reached-again-and-again", "core/counting.py", ' and threshold not in found["reached"]', "", ("tests/runtime/test_counts.py",)),
    Fault("counted-once-for-each-step", "core/counting.py", "values is None or values == was", "values is None", ("tests/runtime/test_counts.py",)),
    Fault("an-open-case-is-reopened", "core/evolve.py", 'if event.data.get("already"):', "if False:", ("tests/runtime/test_counts.py",)),
    Fault("a-row-is-not-kept", "core/evolve.py", '_without({**case.entries, **data["entries"]})', "{}", ("tests/runtime/test_rows.py",)),
    # -- history
    Fault("links-not-chained", "model/event.py", ".sha256(head + text.encode())", ".sha256(text.encode())", ("tests/model",)),
    Fault("salt-forgotten", "model/event.py", 'f"{salt}\\x1f{json.dumps(value, ensure_ascii=False)}"', 'f"{json.dumps(value, ensure_ascii=False)}"', ("tests/model", ENGINE)),
    Fault("snapshot-not-compared", "runtime/audit.py", "def audit(", "def audit(*_: object, **__: object) -> list[Text]:\n    return []\n\n\ndef _audit(",
          ("tests/runtime/test_kill.py", ENGINE)),
    # -- SQLite
    Fault("begin-deferred", "store/sqlite/store.py", 'on.execute("BEGIN IMMEDIATE")', 'on.execute("BEGIN")', ("tests/store/test_sharing.py", STORE)),
    Fault("the-loser-is-told-of-a-fault", "store/sqlite/transaction.py", 'if str(error).startswith("events: seq"):', "if False:", (STORE,)),
    Fault("history-can-be-rewritten", "store/sqlite/migrations/0001_cases.sql",
          "CREATE TRIGGER events_stay_as_they_are BEFORE UPDATE ON events\nBEGIN SELECT RAISE(ABORT, 'events: append-only'); END;", "", ("tests/store/test_sqlite_files.py",)),
    Fault("due-a-moment-late", "store/sqlite/queries.sql", "WHERE closed_at IS NULL AND next_due <= ?", "WHERE closed_at IS NULL AND next_due < ?", (STORE,)),
    Fault("anybody-marks-as-sent", "store/sqlite/queries.sql",
          "note = ?4, owner = NULL, next_at = NULL, last_error = NULL\nWHERE owner = ?2 AND", "note = ?4, owner = NULL, next_at = NULL, last_error = NULL\nWHERE ?2 IS NOT NULL AND", (STORE,)),
    # -- PostgreSQL
    Fault("workers-wait-for-each-other", "store/postgres/queries.sql", "LIMIT %s FOR UPDATE SKIP LOCKED", "LIMIT %s FOR UPDATE", (POSTGRES,)),
    Fault("the-row-is-not-locked", "store/postgres/queries.sql", "ORDER BY id FOR UPDATE\n", "ORDER BY id\n", (POSTGRES, STORE, "tests/store/test_sharing.py")),
    Fault("a-lost-answer-is-a-no", "store/postgres/store.py", "return bool(found.fetchone())", "return False", (POSTGRES,)),
    Fault("the-feed-passes-writers", "store/postgres/store.py", "if rows and rows[-1][0] != after + len(rows):", "if False:", (POSTGRES,)),
    # -- messages
    Fault("leases-run-out", "runtime/delivery.py", "store.renew(owner, clock.now() + LEASE)", "pass", (DELIVERY,)),
    Fault("stopped-with-full-hands", "runtime/delivery.py", "store.release(owner, begun)", "pass", (DELIVERY,)),
    Fault("never-tried-again", "runtime/delivery.py", "given_up = permanent or attempts > len(BACK_OFF)", "given_up = True", (MAIL, DELIVERY)),
    Fault("an-id-of-the-moment", "channels/mail.py", "hashlib.sha256(notification.key.encode())", "hashlib.sha256(os.urandom(8))", (MAIL,)),
    Fault("a-header-too-many", "channels/mail.py", 'message["Subject"] = safe_text(notification.subject)[:500]', 'message["Subject"] = notification.subject[:500]', (MAIL,)),
    Fault("a-drill-that-leaves-the-house", "runtime/rendering.py", 'mode.outside == "record" and to.outside', "False", (ENGINE, "tests/authoring", "tests/runtime/test_rendering.py")),
    Fault("a-restored-office-tells-anew", "runtime/delivery.py", "held(store) is None and ", "", (DELIVERY, "tests/runtime/test_backup.py")),
    # -- carried away, and looked after
    Fault("a-refusal-counts-as-done", "runtime/funnel.py", "replace(command, key=None), \"\", (), None)", "command, digest, blobs, inbox)", ("tests/runtime/test_parked.py",)),
    Fault("a-part-of-an-office", "runtime/export.py", 'ended = plain == {"rows": rows, "sha256": total.hexdigest()}', "ended = True", ("tests/runtime/test_export.py",)),
    Fault("a-name-in-the-log", "runtime/logs.py", 'given.kind in _LOOKED_UP and code != "not_found"', "True", ("tests/runtime/test_logs.py",)),
    Fault("a-worker-that-hangs-lives", "runtime/pulse.py", "< SILENCE", "< SILENCE * 1000", ("tests/runtime/test_pulse.py",)),
    # -- customers
    Fault("a-look-that-nobody-hears-of", "people/customers.py", 'return Decided(customer, "revealed", asked.name)', "return Decided(customer, None)", (REGISTER,)),
    Fault("care-without-consent", "people/customers.py", "if set(after.care) - set(customer.care) and not customer.agrees(CARE):", "if False:", ("tests/people",)),
    Fault("everybody-is-told-of-parties", "runtime/rendering.py", "return known is None or known.restricted or not known.agrees(purpose)", "return False", (TOLD,)),
    Fault("numbers-that-can-be-tried", "runtime/sealed_customers.py", 'return keys.blind(f"customer {kind}\\0{term}")[:SHORT]', "return term", (REGISTER,)),
    Fault("twins-of-an-import", "authoring/customer_import.py", "found = {id: it for id, it in near.items() if not person.names.isdisjoint(_names(it))}", "found = {}",
          ("tests/authoring/test_customer_import.py",)),
    # -- personal data
    Fault("a-name-in-a-remark", "core/personal.py", "if SHOWN in held or not isinstance(value, str):", "if True:", (PERSONAL,)),
    Fault("an-expression-tells-a-name", "core/step.py", "return unsaid(self.program,", "return value or unsaid(self.program,", (PERSONAL,)),
    Fault("staff-are-told-what-is-sensitive", "runtime/message.py", 'SENSITIVE in value and self.recipient != "customer":', "False:", (PERSONAL,)),
    Fault("files-in-clear", "runtime/attachments.py", "sealed = nonce + _cipher(key).encrypt(nonce, content, _PLACE)", "sealed = nonce + content + bytes(16)", (PERSONAL,)),
    Fault("a-hold-that-holds-nothing", "core/commands.py", "if case.hold is not None:", "if False:", (RETENTION,)),
    Fault("whoever-is-refused-destroys", "runtime/funnel.py", 'any(event.type == "forgotten" for event in self.events)', 'command.kind == "forget"', (RETENTION,)),
    Fault("what-is-gone-is-as-it-should-be", "runtime/audit.py", "self.kept |= found - ", "self.kept &= found - ", (RETENTION, "tests/runtime/test_audit.py")),
    Fault("a-field-goes-and-its-messages-stay", "runtime/sealing.py", 'wrapped = "" if change.forget else self._wrapped', "wrapped = self._wrapped", (RETENTION,)),
    Fault("only-the-last-value-goes", "runtime/retention.py", 'for name, value in [*data.get("set", {}).items(), *', "for name, value in [*", (RETENTION,)),
    Fault("kept-for-a-day-less", "model/retention.py", "began + timedelta(self.value) if", "began + timedelta(self.value - 1) if", ("tests/model/test_periods.py",)),
    Fault("the-outbox-tells-all", "cli/telling.py", "return masked(text, self._of(case)) or text if text else text", "return text", ("tests/runtime/test_access.py",)),
    Fault("a-reason-tells-a-number", "runtime/unsaid.py", "return unsaid(text, names)", "return text", ("tests/runtime/test_unsaid.py",)),
    # -- hostile input
    Fault("duplicate-keys-pass", "language/reading.py", "            findings.append(twice(key, first))\n", "            node.entries[key.text] = key, value\n", ("tests/language/test_reading.py",)),
    Fault("numbers-without-neighbours", "expressions/finite.py", "for by in (-1, 0, 1)", "for by in (0,)", ("tests/language/test_guard_checks.py",)),
    Fault("a-bomb-of-depth", "language/reading.py", "if depth > MAX_DEPTH:", "if depth > MAX_DEPTH * 10_000:", ("tests/language/test_reading.py", "tests/language/test_language_mutations.py")),
    Fault("attributes-of-objects", "expressions/templates.py", "        return self.getitem(obj, attribute)", "        return getattr(obj, attribute)", (HOSTILE,)),
    Fault("loops-in-loops", "expressions/templates.py", "            loops += 1\n", "            loops += 0\n", (HOSTILE,)),
    Fault("a-text-without-end", "expressions/templates.py", "if size > MOST_TEXT:", "if size > MOST_TEXT * 10_000:", (HOSTILE,)),
    Fault("lists-of-lists", "expressions/templates.py", "nodes.List | nodes.Tuple) and named:", "nodes.List | nodes.Tuple) and False:", (COSTS,)),
    Fault("loops-cost-nothing", "expressions/costs.py", "bill.step(len(items) * nodes)", "bill.step(0)", (COSTS,)),
    Fault("filters-cost-nothing", "expressions/costs.py", "self.handled += size", "self.handled += 0", (COSTS,)),
    Fault("colours-from-outside", "terminal.py", "return _UNSAFE.sub(visible, text)", "return text", ("tests/cli/test_terminal.py", "tests/cli/test_out.py")),
    Fault("an-empty-database-is-a-new-office", "runtime/sealing.py", "or (there.is_file() and there.stat().st_size == 0)", "", ("tests/cli/test_carry.py",)),
    Fault("a-decimal-comma-is-none", "values.py", 'if "," in text and not _THOUSANDS.fullmatch(text):', "if False:", ("tests/model/test_typed_values.py",)),
    Fault("half-characters-pass", "values.py", "\\x7f\\ud800-\\udfff]", "\\x7f]", ("tests/model/test_typed_values.py", MISUSE)),
    Fault("any-clock-will-do", "runtime/arguments.py", "if type(now) is not int or not has_a_date(now):", "if now is None:", (MISUSE,)),
    Fault("steps-of-other-cases", "runtime/taking_in.py", "        if own:\n", "        if False:\n", ("tests/runtime/test_taking_in.py",)),
    Fault("nobody-is-a-customer", "runtime/rights.py", "if not actor.id.strip():", "if False:", (MISUSE,)),
    Fault("an-answer-tells-a-number", "runtime/sealing.py", "return masked(told) or told", "return told", ("tests/runtime/test_sealing.py",)),
    Fault("anchors-on-one-line", "runtime/anchor.py", '(b"" if ended else b"\\n")', 'b""', ("tests/runtime/test_audit.py",)),
    Fault("messages-for-everybody", "channels/file.py", "self.folder.mkdir(mode=0o700,", "self.folder.mkdir(mode=0o755,", (MAIL,)),
    Fault("a-missing-key-is-not-missed", "runtime/rekeying.py", "return [name for name in needed if name not in here]", "return []", ("tests/cli/test_doctor.py",)),
    Fault("a-pattern-for-years", "language/patterns.py", "if _ways(tree) <= MOST_WAYS:", "if True:", ("tests/language/test_patterns.py",)),
)  # fmt: skip
