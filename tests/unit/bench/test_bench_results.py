"""What the benchmarks make of their figures."""

from __future__ import annotations

from tests.bench.guard import TOLERANCE, worse
from tests.bench.readme import markdown

BEFORE = {"rpc/get@1": {"cpu": 0.8, "rate": 0.8}, "ingest/created": {"rate": 0.5}}


def test_noise_is_no_regression() -> None:
    within = {
        key: {name: ratio * (1 - TOLERANCE[name]) + 0.01 for name, ratio in ratios.items()}
        for key, ratios in BEFORE.items()
    }

    assert worse(BEFORE, BEFORE) == worse(BEFORE, within) == []


def test_what_fell_or_is_not_measured_any_more_is_named() -> None:
    assert worse(BEFORE, {"rpc/get@1": {"cpu": 0.5, "rate": 0.8}}) == ["rpc/get@1 cpu", "ingest/created rate"]


def test_a_result_becomes_tables() -> None:
    about = {
        "cpus": 2,
        "processor": "a processor",
        "memory_gib": 8.0,
        "python": "3.11.0",
        "packages": {"grpcio": "1.0"},
        "databases_in_memory": True,
        "load_before": [0.1, 0, 0],
    }
    figures = {"rate": 1234.5, "p50_ms": 1.234, "p95_ms": 2.0, "p99_ms": 30.0, "cpu_ms": 0.5}
    rows = [
        {"group": "rpc", "case": "list_100", "clients": 1, "figures": figures, "ratios": {"rate": 0.81}},
        {"group": "rpc", "case": "list_100", "clients": 16, "figures": figures, "ratios": {"rate": 0.9}},
        {"group": "processes", "case": "server", "clients": 0, "figures": {"memory_mib": 250.0}, "ratios": {}},
    ]

    rows.append(
        {
            "group": "rpc",
            "case": "get",
            "clients": 1,
            "figures": {**figures, "p50_ms": 1.5},
            "floor": {"noop_p50_ms": 0.75, "find_one_p50_ms": 0.5},
            "ratios": {"rate": 0.8, "p50_budget": 1.25},
        }
    )

    lines = list(markdown(about, rows))

    assert lines[0].startswith(
        "Measured on 2 cores (a processor), 8 GiB, Python 3.11.0, grpcio 1.0; databases in memory"
    )
    assert "| RPC | 1 client | 16 clients |" in lines
    assert "| list 100 | 1,234 (**0.81**), 1.23 / 2 / 30 | 1,234 (**0.90**), 1.23 / 2 / 30 |" in lines
    assert "| server | 250 |" in lines
    promise = "With one client, the p50 of `get` is **1.20** × (a no-op call + one raw find_one)"
    assert any(line.startswith(promise) and line.endswith("promised: 1.5.") for line in lines)
