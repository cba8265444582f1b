"""The rules for Prometheus do what `albumen.test.yaml` says, by an evaluator of what they are written with.

The file is that of `promtool test rules`, which no package ships. Queries are parsed by Prometheus' grammar.
"""

from __future__ import annotations

import itertools
import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "prometheus"
GROUPS = yaml.safe_load((FOLDER / "albumen.rules.yaml").read_text(encoding="utf-8"))["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
TESTS = yaml.safe_load((FOLDER / "albumen.test.yaml").read_text(encoding="utf-8"))

LOOKBACK_S = 300.0
STEP_S = 60.0
NAME = "__name__"

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]

COMPARISONS: dict[str, Callable[[float, float], bool]] = {"==": operator.eq, ">": operator.gt, "<": operator.lt}
MATCHES: dict[str, Callable[[str, str], bool]] = {
    "MatchOp.Equal": lambda wanted, value: value == wanted,
    "MatchOp.NotEqual": lambda wanted, value: value != wanted,
    "MatchOp.Re": lambda wanted, value: re.fullmatch(wanted, value) is not None,
    "MatchOp.NotRe": lambda wanted, value: re.fullmatch(wanted, value) is None,
}


@dataclass
class Prometheus:
    """Samples by series, and when each alert began to be true."""

    samples: dict[Labels, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    since: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def value(self, query: Any, now: float) -> Vector | float:
        """A parsed query at a moment."""
        kind = type(query).__name__
        if kind == "NumberLiteral":
            return float(query.val)
        if kind == "ParenExpr":
            return self.value(query.expr, now)
        if kind == "VectorSelector":
            return self._latest(query, now)
        if kind == "AggregateExpr" and str(query.op) == "sum":
            return self._sum(query, now)
        if kind == "Call" and query.func.name == "absent":
            (selector,) = query.args
            told = {(one.name, one.value) for one in selector.matchers.matchers if str(one.op) == "MatchOp.Equal"}
            return {} if self.value(selector, now) else {frozenset(told): 1.0}
        if kind == "Call" and query.func.name in {"rate", "increase"}:
            return self._grown(query, now)
        if kind == "BinaryExpr":
            return self._combined(str(query.op), self.value(query.lhs, now), self.value(query.rhs, now))
        raise ValueError(f"the rules use {kind}, which this evaluator does not know: {query}")

    def _selected(self, selector: Any) -> Iterator[tuple[Labels, list[tuple[float, float]]]]:
        for labels, samples in self.samples.items():
            found = dict(labels)
            if found[NAME] == selector.name and all(
                MATCHES[str(one.op)](one.value, found.get(one.name, "")) for one in selector.matchers.matchers
            ):
                yield labels, samples

    def _latest(self, selector: Any, now: float) -> Vector:
        found = {}
        for labels, samples in self._selected(selector):
            seen = [value for at, value in samples if now - LOOKBACK_S < at <= now]
            if seen:
                found[labels] = seen[-1]
        return found

    def _grown(self, call: Any, now: float) -> Vector:
        """`increase`, or `rate`: extrapolated to the whole range as Prometheus does."""
        (matrix,) = call.args
        range_s, found = matrix.range.total_seconds(), {}
        for labels, samples in self._selected(matrix.vector_selector):
            seen = [(at, value) for at, value in samples if now - range_s < at <= now]
            if len(seen) < 2:
                continue
            pairs = itertools.pairwise(seen)
            grown = sum(after - before if after >= before else after for (_, before), (_, after) in pairs)
            first, last = seen[0][0], seen[-1][0]
            between = (last - first) / (len(seen) - 1)
            lead, tail = first - (now - range_s), now - last
            if grown > 0 and seen[0][1] >= 0:
                lead = min(lead, (last - first) * seen[0][1] / grown)
            covered = (last - first) + sum(gap if gap < between * 1.1 else between / 2 for gap in (lead, tail))
            factor = covered / (last - first)
            found[_without_name(labels)] = grown * factor / (range_s if call.func.name == "rate" else 1)
        return found

    def _sum(self, query: Any, now: float) -> Vector:
        kept, found = set(query.modifier.labels), dict[Labels, float]()
        inner = self.value(query.expr, now)
        assert isinstance(inner, dict)
        for labels, value in inner.items():
            group = frozenset((name, text) for name, text in labels if name in kept)
            found[group] = found.get(group, 0.0) + value
        return found

    def _combined(self, sign: str, left: Vector | float, right: Vector | float) -> Vector:
        assert isinstance(left, dict)
        if sign == "or":
            assert isinstance(right, dict)
            return left | {labels: value for labels, value in right.items() if labels not in left}
        if sign in COMPARISONS:
            assert isinstance(right, float)
            return {labels: value for labels, value in left.items() if COMPARISONS[sign](value, right)}
        assert sign == "/"
        assert isinstance(right, dict)
        others = {_without_name(labels): value for labels, value in right.items()}
        plain = {_without_name(labels): value for labels, value in left.items()}
        return {labels: value / others[labels] for labels, value in plain.items() if labels in others}

    def evaluate(self, now: float) -> list[dict[str, Any]]:
        """All rules at a moment; the alerts that fire."""
        fired = []
        for rule in RULES:
            found = self.value(promql_parser.parse(rule["expr"]), now)
            assert isinstance(found, dict)
            if "record" in rule:
                for labels, value in found.items():
                    self.samples[_without_name(labels) | {(NAME, rule["record"])}].append((now, value))
                continue
            name, wait_s = rule["alert"], _seconds(rule.get("for", "0s"))
            self.since = {key: at for key, at in self.since.items() if key[0] != name or key[1] in found}
            for labels, value in found.items():
                if now - self.since.setdefault((name, labels), now) >= wait_s:
                    told = dict(_without_name(labels))
                    words = {key: _filled(text, told, value) for key, text in rule["annotations"].items()}
                    fired.append({"name": name, "labels": told | rule["labels"], "annotations": words})
        return fired


def _without_name(labels: Labels) -> Labels:
    return frozenset(label for label in labels if label[0] != NAME)


def _seconds(text: str) -> float:
    return float(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


def _filled(text: str, labels: dict[str, str], value: float) -> str:
    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels[found[1]], text)
    text = text.replace("{{ $value | humanize }}", f"{value:.4g}")
    minutes, seconds = divmod(int(value), 60)
    return text.replace("{{ $value | humanizeDuration }}", f"{minutes}m {seconds}s")


def _values(notation: str) -> Iterator[float | None]:
    """As `promtool` writes series: `0x5 1+2x3 _x2`."""
    for part in notation.split():
        start, step, count = re.fullmatch(r"(_|-?[\d.]+)(?:\+([\d.]+))?x(\d+)", part).groups()  # type: ignore[union-attr]
        for turn in range(int(count) + (start != "_")):
            yield None if start == "_" else float(start) + turn * float(step or 0)


def _series(text: str) -> Labels:
    name, _, labels = text.partition("{")
    return frozenset({(NAME, name), *re.findall(r'(\w+)="([^"]*)"', labels)})


@pytest.mark.parametrize("test", TESTS["tests"], ids=range(len(TESTS["tests"])))
def test_the_rules_do_what_their_tests_say(test: dict[str, Any]) -> None:
    prometheus, fired = Prometheus(), {}
    given = {_series(one["series"]): list(_values(one["values"])) for one in test["input_series"]}
    asked = [*test.get("alert_rule_test", []), *test.get("promql_expr_test", [])]
    for turn in range(int(max(_seconds(one["eval_time"]) for one in asked) / STEP_S) + 1):
        for labels, values in given.items():
            value = values[turn] if turn < len(values) else None
            if value is not None:
                prometheus.samples[labels].append((turn * STEP_S, value))
        fired[turn] = prometheus.evaluate(turn * STEP_S)
    for one in test["alert_rule_test"]:
        at = int(_seconds(one["eval_time"]) / STEP_S)
        found = [(alert["labels"], alert["annotations"]) for alert in fired[at] if alert["name"] == one["alertname"]]
        wanted = [(alert["exp_labels"], alert["exp_annotations"]) for alert in one["exp_alerts"]]
        assert found == wanted, (one["alertname"], one["eval_time"])
    for one in test.get("promql_expr_test", []):
        found = prometheus.value(promql_parser.parse(one["expr"]), _seconds(one["eval_time"]))
        assert found == {_series(sample["labels"]): pytest.approx(sample["value"]) for sample in one["exp_samples"]}


def test_every_alert_is_tested_both_ways() -> None:
    asked = [one for test in TESTS["tests"] for one in test["alert_rule_test"]]
    for rule in (rule for rule in RULES if "alert" in rule):
        of_rule = [bool(one["exp_alerts"]) for one in asked if one["alertname"] == rule["alert"]]
        assert set(of_rule) == {True, False}, rule["alert"]


@pytest.mark.parametrize(
    ("query", "samples", "value"),
    [
        ("rate(x[5m])", "0+60x10", 1.0),
        ("increase(x[5m])", "0+60x10", 300.0),
        ("increase(x[5m])", "100x6 0+60x4", 225.0),
        ("sum by (a) (x)", "7x10", 7.0),
    ],
)
def test_the_evaluator_counts_as_prometheus_does(query: str, samples: str, value: float) -> None:
    prometheus = Prometheus()
    prometheus.samples[_series('x{a="b"}')] = [(turn * STEP_S, one or 0.0) for turn, one in enumerate(_values(samples))]
    assert prometheus.value(promql_parser.parse(query), 600.0) == {
        _series('{a="b"}') - {(NAME, "")}: pytest.approx(value)
    }
