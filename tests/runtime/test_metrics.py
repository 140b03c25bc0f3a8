"""Metrics are the figures of `stats` and the rounds of a worker, as a reader of OpenTelemetry's SDK and a real collector get them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from guanjia.clock import HOUR, MINUTE, SECOND
from guanjia.errors import StoreError, Text
from guanjia.runtime import metrics
from guanjia.runtime.metrics import Metrics
from guanjia.runtime.worker import Worker
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from tests.offices import ROOT, engine
from tests.runtime import busy


@pytest.fixture
def reader() -> InMemoryMetricReader:
    return InMemoryMetricReader()


@pytest.fixture
def desk(tmp_path):
    return engine(busy.office(tmp_path / "office"))


@pytest.fixture
def counted(desk, reader, monkeypatch):
    """Metrics of the office; what a reader finds: name -> {attributes as JSON: value}."""
    monkeypatch.setattr(metrics, "TOGETHER", 0.0)
    kept = Metrics(desk, MeterProvider([reader], shutdown_on_exit=False))

    def found() -> dict[str, dict[str, float]]:
        data = reader.get_metrics_data()
        every = (
            [
                metric
                for resource in data.resource_metrics
                for scope in resource.scope_metrics
                for metric in scope.metrics
            ]
            if data
            else []
        )
        return {
            metric.name.removeprefix("guanjia."): {
                json.dumps(dict(point.attributes), sort_keys=True): point.value for point in metric.data.data_points
            }
            for metric in every
        }  # fmt: skip

    return kept, found


def test_gauges_are_the_figures_of_the_office(desk, counted):
    _, found = counted
    desk.open("job", actor="agent.wang", summary="13800001234")
    desk.open("job", actor="agent.wang", mode=None, summary="y")
    desk.clock.advance(40 * MINUTE)
    seen = found()
    new = json.dumps({"procedure": "job", "state": "new"}, sort_keys=True)
    assert (seen["cases.open"], seen["cases.late"], seen["cases.due"]) == ({new: 2}, {new: 2}, {"{}": 2})
    assert seen["cases.due.age"] == {"{}": (40 - 24) * MINUTE / SECOND}
    assert seen["outbox.messages"]['{"status": "waiting"}'] == 4
    assert (seen["outbox.age"], seen["workers"], seen["inbox.parked"]) == ({"{}": 2400.0}, {"{}": 0}, {"{}": 0})
    Worker(desk).run_once()
    seen = found()
    assert (seen["cases.due"], seen["cases.due.age"], seen["outbox.age"], seen["workers"]) == (
        {"{}": 0},
        {"{}": 0.0},
        {"{}": 0.0},
        {"{}": 1},
    )
    desk.clock.advance(HOUR)
    assert found()["workers"] == {"{}": 0}
    assert "13800001234" not in json.dumps(found())


def test_counters_follow_the_rounds(desk, counted):
    kept, found = counted
    desk.open("job", actor="agent.wang", summary="x")
    worker = Worker(desk, report=kept.round)
    done = [worker.run_once(), worker.run_once()]
    seen = found()
    assert seen["worker.rounds"] == {"{}": 2}
    assert seen["worker.messages"] == {
        '{"outcome": "sent"}': sum(work.delivered for work in done),
        '{"outcome": "failed"}': 0,
    }
    assert seen["worker.messages"]['{"outcome": "sent"}'] == 2


def test_while_the_database_is_away_gauges_are_silent_and_come_back(desk, counted, monkeypatch):
    _, found = counted

    def away(now: int) -> None:
        raise StoreError(Text("不在", "away"))

    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "tally", away)
        assert "cases.due" not in found()
    assert "cases.due" in found()


def test_all_gauges_of_one_collection_are_of_one_look(desk, reader, monkeypatch):
    looks = []
    real = desk.store.tally
    monkeypatch.setattr(desk.store, "tally", lambda now: looks.append(now) or real(now))
    Metrics(desk, MeterProvider([reader], shutdown_on_exit=False))
    reader.get_metrics_data()
    assert len(looks) == 1


def test_nobody_who_does_not_ask_imports_it():
    code = "import sys, guanjia, guanjia.runtime.worker, guanjia.cli.commands.work; print('opentelemetry' in str(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "engine")})  # fmt: skip
    assert said.stdout.strip() == "False"


class Collector(HTTPServer):
    """Takes in what an exporter sends."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.services: set[str] = set()
        outer = self

        class Asked(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = ExportMetricsServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
                for resource in sent.resource_metrics:
                    outer.services |= {
                        it.value.string_value for it in resource.resource.attributes if it.key == "service.name"
                    }
                    outer.names |= {metric.name for scope in resource.scope_metrics for metric in scope.metrics}
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Asked)


def working(folder: Path, endpoint: str, *words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "GUANJIA_LANG": "en"}
    worker = subprocess.Popen([sys.executable, str(ROOT / "cli.py"), "--office", str(folder), "work", "--metrics", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)  # fmt: skip
    assert worker.stdout is not None
    worker.stdout.readline()
    return worker


def test_a_worker_sends_its_metrics_to_a_collector(tmp_path):
    collector = Collector()
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    worker = working(busy.office(tmp_path / "office"), f"http://127.0.0.1:{collector.server_port}")
    worker.send_signal(signal.SIGTERM)
    _, errors = worker.communicate(timeout=30)
    collector.shutdown()
    assert (worker.returncode, errors) == (0, "")
    assert {"guanjia.cases.due", "guanjia.worker.rounds", "guanjia.outbox.messages"} <= collector.names
    assert collector.services == {"guanjia"}


def test_without_the_extra_it_is_said_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.metrics", None)
    with pytest.raises(Exception, match=r"guanjia\[otel\]|OpenTelemetry is not installed") as refused:
        metrics.exporting()
    assert "guanjia[otel]" in refused.value.hint.en
