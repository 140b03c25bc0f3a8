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
MAIL, DELIVERY, HOSTILE = "tests/channels/test_mail.py", "tests/runtime/test_delivery.py", "tests/expressions"

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
    Fault("due-things-too-early", "core/decide.py", "if case.finished or at > self.now:", "if case.finished or at > self.now + 1_000_000_000:", (ENGINE, CORE)),
    Fault("due-after-the-command", "runtime/funnel.py", "is not None and due <= until:", "is not None and due < until:", (ENGINE, CORE)),
    Fault("a-key-for-any-command", "runtime/funnel.py", "if answer.digest != digest:", "if False:", (ENGINE,)),
    Fault("expect-not-asked", "runtime/funnel.py", "if command.expect is not None and command.expect != pack.case.seq:", "if False:", (ENGINE, "tests/cli/test_office.py")),
    Fault("attempts-not-recorded", "runtime/funnel.py", 'if overtaken or refused.code in ("role", "not_by", "conflict"):', "if overtaken:", (ENGINE, "tests/runtime/test_refusals.py")),
    Fault("nobody-is-asked-for-rights", "people/organisation.py", '            if right in rights or "all" in rights:', "            if True:",
          ("tests/people", ENGINE, "tests/runtime/test_refusals.py")),
    Fault("four-eyes-closed", "core/attempt.py", "past.by == self.actor.id", "past.by == self.actor.name", (CORE, ENGINE, "tests/authoring")),
    Fault("a-circle-without-end", "runtime/funnel.py", "if times > MOST_STEPS:", "if times > MOST_STEPS * 1000:", ("tests/runtime/test_loops.py",)),
    Fault("schedules-open-again", "runtime/schedules.py", 'key=f"{setting}:{at}"', 'key=f"{setting}:{at}:{now}:{id(engine)}"', ("tests/runtime/test_worker.py",)),
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
    # -- hostile input
    Fault("duplicate-keys-pass", "language/reading.py", "            findings.append(twice(key, first))\n", "            node.entries[key.text] = key, value\n", ("tests/language/test_reading.py",)),
    Fault("a-bomb-of-depth", "language/reading.py", "if depth > MAX_DEPTH:", "if depth > MAX_DEPTH * 10_000:", ("tests/language/test_reading.py", "tests/language/test_language_mutations.py")),
    Fault("attributes-of-objects", "expressions/templates.py", "        return self.getitem(obj, attribute)", "        return getattr(obj, attribute)", (HOSTILE,)),
    Fault("loops-in-loops", "expressions/templates.py", "            loops += 1\n", "            loops += 0\n", (HOSTILE,)),
    Fault("a-text-without-end", "expressions/templates.py", "if size > MOST_OUTPUT:", "if size > MOST_OUTPUT * 10_000:", (HOSTILE,)),
    Fault("colours-from-outside", "terminal.py", "return _UNSAFE.sub(visible, text)", "return text", ("tests/cli/test_terminal.py", "tests/cli/test_out.py")),
    Fault("a-pattern-for-years", "language/patterns.py", "if _ways(tree) <= MOST_WAYS:", "if True:", ("tests/language/test_patterns.py",)),
)  # fmt: skip
