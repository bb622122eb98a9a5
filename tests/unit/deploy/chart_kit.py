"""The chart, rendered by helm with sets of values."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.settings import Settings
from tests.unit.deploy.deploy_kit import ROOT, load_settings

CHART = ROOT / "deploy" / "helm" / "inventory"
HELM = shutil.which("helm", path=str(ROOT / ".venv" / "bin")) or shutil.which("helm")
needs_helm = pytest.mark.skipif(HELM is None, reason="no helm is at hand: `make helm` gets one")
KINDS = ("server", "worker", "scheduler", "gateway")
Values = dict[str, str]
STORES = {
    "image.repository": "registry/inventory",
    "mongodb.existingSecret.name": "mongo",
    "redis.existingSecret.name": "redis",
}
SERVICES = {
    f"settings.{each}_endpoint": f"grpc://{each}:50051" for each in ("plugin", "repository", "secret", "identity")
}
JWT = STORES | SERVICES | {"authentication.mode": "jwt", "authentication.authorization": "identity"}
STATIC = {"settings.platform": "static", "staticFile.existingSecret.name": "platform"}
OPEN = STORES | STATIC | {"authentication.mode": "none", "authentication.allowEverybody": "true"}
EVERYTHING = JWT | {
    "tls.existingSecret": "certificate",
    "staticFile.existingSecret.name": "platform",
    "systemToken.existingSecret.name": "token",
    "authentication.jwksConfigMap.name": "keys",
    "worker.autoscaling.enabled": "true",
    "worker.autoscaling.metricSelector.matchLabels.band": "normal",
    "networkPolicy.clients[0].podSelector.matchLabels.app": "client",
    "networkPolicy.monitoring[0].podSelector.matchLabels.app": "prometheus",
    "networkPolicy.egress[0].to[0].ipBlock.cidr": "10.0.0.0/8",
    "settings.batch_bytes": "16777216",
    "settings.disconnect_grace_seconds": "0.5",
    "settings.mongo_database": "stock",
    "settings.housekeeping_excluded_domains[0]": "domain-a",
    "image.pullSecrets[0].name": "registry",
    "podLabels.team": "cloud",
}
FULL = Path(__file__).with_name("chart_full.yaml")
"""A file of values that sets what EVERYTHING leaves alone."""


def helm(values: Values) -> subprocess.CompletedProcess[str]:
    """Render the chart with values by their path; the path ``file`` names a file of values."""
    assert HELM is not None
    files = [part for name, value in values.items() if name == "file" for part in ("--values", value)]
    chosen = [part for name, value in values.items() if name != "file" for part in ("--set", f"{name}={value}")]
    command = [HELM, "template", "shop", str(CHART), "--namespace", "cloud", *files, *chosen]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@cache
def _rendered(values: tuple[tuple[str, str], ...]) -> str:
    done = helm(dict(values))
    assert done.returncode == 0, done.stderr
    return done.stdout


def rendered(values: Values) -> dict[tuple[str, str], dict[str, Any]]:
    """Return all objects by kind and name, read strictly: a key that comes twice is an error."""
    documents = yaml.load_all(_rendered(tuple(sorted(values.items()))), Loader=StrictLoader)  # a SafeLoader
    return {(each["kind"], each["metadata"]["name"]): each for each in documents if each}


class StrictLoader(yaml.SafeLoader):
    """Refuses doubled keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"doubled keys in {keys}, line {node.start_mark.line}"
        return super().construct_mapping(node, deep)


def pods(objects: dict[tuple[str, str], dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the pod specs, by component."""
    return {
        each["metadata"]["labels"]["app.kubernetes.io/component"]: each["spec"]["template"]["spec"]
        for (kind, _), each in objects.items()
        if kind in ("Deployment", "Job")
    }


def settings_of(objects: dict[tuple[str, str], dict[str, Any]], kind: str) -> Settings:
    """Return what the process of a kind finds set."""
    (container,) = pods(objects)[kind]["containers"]
    environment = dict(objects["ConfigMap", "shop-inventory"]["data"]) if "envFrom" in container else {}
    for each in container.get("env", ()):
        secret = {"INVENTORY_MONGO_URI": "mongodb://db/", "INVENTORY_REDIS_URL": "redis://redis/0"}
        environment[each["name"]] = each.get("value") or secret.get(each["name"], "secret")
    return load_settings(environment)
