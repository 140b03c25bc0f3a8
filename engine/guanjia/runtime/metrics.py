"""The figures of `stats`, and what a worker does, as OpenTelemetry metrics: the extra `otel`, imported by whoever asks for it.

Gauges are read from the database when the reader of the host program collects, all of them from one look; counters follow
the rounds of this process. Attributes are words of procedures and statuses, never ids: their number stays small.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..clock import SECOND, Clock, Instant
from ..errors import GuanjiaError, Refused, Text
from ..store.interface import Store
from .stats import Stats, stats

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
    from opentelemetry.sdk.metrics import MeterProvider as OwnProvider

    from .engine import Engine, Work

TOGETHER = 1.0
"""Seconds within which gauges are of one look at the database."""

Values = Iterable[tuple[float, dict[str, str]]]


class Metrics:
    """The instruments of one office. `provider`: the one that the program has set up, if none is given."""

    def __init__(self, engine: Engine, provider: MeterProvider | None = None) -> None:
        from opentelemetry.metrics import get_meter_provider

        from .. import __version__

        self._look = _Look(engine.store, engine.clock)
        self._meter = (provider or get_meter_provider()).get_meter("guanjia", __version__)
        for name, unit, about, values in _GAUGES:
            self._meter.create_observable_gauge(f"guanjia.{name}", [self._observed(values)], unit, about)
        self._rounds = self._meter.create_counter("guanjia.worker.rounds", "{round}", "Rounds of this worker.")
        self._fired = self._meter.create_counter("guanjia.worker.events", "{event}", "Events that fell due and took effect.")  # fmt: skip
        self._messages = self._meter.create_counter("guanjia.worker.messages", "{message}", "Messages handed over, by what became of them.")  # fmt: skip
        self._problems = self._meter.create_counter(
            "guanjia.worker.problems", "{problem}", "What a round could not do."
        )

    def round(self, done: Work) -> None:
        """Count a round of a worker of this process."""
        self._rounds.add(1)
        self._fired.add(done.fired)
        self._messages.add(done.delivered, {"outcome": "sent"})
        self._messages.add(done.failed, {"outcome": "failed"})
        self._problems.add(len(done.problems))

    def _observed(self, values: Callable[[Stats], Values]) -> Callable[[CallbackOptions], Iterator[Observation]]:
        def observe(_: CallbackOptions) -> Iterator[Observation]:
            from opentelemetry.metrics import Observation

            found = self._look()
            if found is not None:  # else the database is away, and there is nothing to report
                for value, attributes in values(found):
                    yield Observation(value, attributes)

        return observe


def exporting() -> OwnProvider:
    """A provider that sends by OTLP over HTTP to where the variables `OTEL_EXPORTER_OTLP_…` say, every `OTEL_METRIC_EXPORT_INTERVAL`
    milliseconds. Refused when the extra is not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
    except ImportError:
        raise Refused(
            "extra",
            Text("没有安装 OpenTelemetry。", "OpenTelemetry is not installed."),
            Text("请运行：pip install 'guanjia[otel]'", "Run: pip install 'guanjia[otel]'"),
        ) from None
    resource = Resource.create()
    if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": "guanjia"}))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    return MeterProvider([reader], resource=resource, shutdown_on_exit=False)  # fmt: skip


class _Look:
    """One look at the database for all that is asked at about the same time; None while it cannot be had."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._until = 0.0
        self._found: Stats | None = None

    def __call__(self) -> Stats | None:
        if time.monotonic() >= self._until:
            try:
                self._found = stats(self._store, self._clock.now())
            except GuanjiaError:
                self._found = None
            self._until = time.monotonic() + TOGETHER
        return self._found


def _age(since: Instant | None, now: Instant) -> Values:
    return [(0.0 if since is None else max(0, now - since) / SECOND, {})]


_GAUGES: tuple[tuple[str, str, str, Callable[[Stats], Values]], ...] = (
    ("cases.open", "{case}", "Open cases, without drills.",
     lambda it: [(each.open, {"procedure": each.procedure, "state": each.states}) for each in it.real]),
    ("cases.late", "{case}", "Open cases with a breached clock or a deadline that has come.",
     lambda it: [(each.late, {"procedure": each.procedure, "state": each.states}) for each in it.real]),
    ("cases.due", "{case}", "Cases that time should have changed by now.", lambda it: [(it.due, {})]),
    ("cases.due.age", "s", "Since when the first of them should have been.",
     lambda it: _age(it.oldest_due.due if it.oldest_due else None, it.at)),
    ("outbox.messages", "{message}", "Messages by status.",
     lambda it: [(count, {"status": status}) for status, count in it.outbox.items()]),
    ("outbox.age", "s", "Since when the oldest message could have been sent.", lambda it: _age(it.oldest_unsent, it.at)),
    ("inbox.parked", "{command}", "Commands between cases that were refused.", lambda it: [(it.parked, {})]),
    ("workers", "{worker}", "Workers seen within the last two minutes.",
     lambda it: [(sum(it.at - each.last_round < 120 * SECOND for each in it.workers), {})]),
)  # fmt: skip


def shut(provider: Any) -> None:
    """Send what is left, but let nobody wait long for a collector that is away."""
    provider.shutdown(timeout_millis=5000)
