"""What the chart offers beyond what it needs: each value reaches the objects that it is for."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from inventory.settings import Settings
from tests.unit.deploy.chart_kit import (
    CHART,
    EVERYTHING,
    FULL,
    JWT,
    KINDS,
    OPEN,
    Values,
    helm,
    needs_helm,
    pods,
    rendered,
)
from tests.unit.deploy.deploy_kit import ROOT
from tests.unit.deploy.kubernetes import VERSIONS, faults

SETS: dict[str, Values] = {
    "jwt": JWT,
    "open": OPEN,
    "everything": EVERYTHING,
    "full": {"file": str(FULL)},
    "bare": JWT | {"gateway.enabled": "false", "migration.enabled": "false", "networkPolicy.enabled": "false"},
}
CUSTOM = {"HTTPRoute", "PodMonitor", "PrometheusRule", "ScaledObject"}
"""Kinds that Kubernetes itself does not know."""


def full() -> dict[tuple[str, str], dict[str, Any]]:
    return rendered(SETS["full"])


@needs_helm
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", SETS)
def test_every_object_fits_the_schema_of_kubernetes(name: str, version: str) -> None:
    objects = rendered(SETS[name])

    checked = {key: each for key, each in objects.items() if key[0] not in CUSTOM}
    assert {key: found for key, each in checked.items() if (found := faults(each, version))} == {}
    assert {kind for kind, _ in objects} >= {"ConfigMap", "Deployment", "PodDisruptionBudget", "Service"}
    if name == "full":
        assert {kind for kind, _ in objects} >= CUSTOM


@needs_helm
def test_the_schema_notices_a_field_that_is_none() -> None:
    deployment = rendered(JWT)["Deployment", "shop-inventory-server"]
    pod = deployment["spec"]["template"]["spec"]
    broken = deployment | {"spec": deployment["spec"] | {"template": {"spec": pod | {"nodeSelectors": {}}}}}

    assert "nodeSelectors" in faults(broken, VERSIONS[0])
    assert "string" in faults(deployment | {"metadata": {"name": "a", "labels": {"team": 7}}}, VERSIONS[0])


@needs_helm
def test_the_migration_runs_where_pods_may_run_and_bears_their_labels() -> None:
    objects = full()
    template = objects["Job", "stock-migrate"]["spec"]["template"]

    assert template["metadata"]["labels"]["team"] == "cloud"
    assert template["metadata"]["annotations"] == {"seen": "true"}
    assert template["spec"]["priorityClassName"] == "urgent", "its own comes first"
    for kind, pod in pods(objects).items():
        assert pod["tolerations"] == [{"key": "dedicated", "operator": "Exists"}]
        assert pod["nodeSelector"] == {"disk": "none" if kind == "worker" else "ssd"}
        assert pod["affinity"]["podAntiAffinity"]
        assert pod["serviceAccountName"] == "existing"
        assert kind == "migrate" or pod["priorityClassName"] == "high"


@needs_helm
def test_the_migration_can_have_tolerations_of_its_own() -> None:
    own = {"migration.tolerations[0].key": "night", "migration.nodeSelector.disk": "slow"}

    pod = pods(rendered(JWT | own))["migrate"]
    assert (pod["tolerations"], pod["nodeSelector"]) == ([{"key": "night"}], {"disk": "slow"})


@needs_helm
def test_environment_and_containers_of_others_reach_the_pods() -> None:
    for kind, pod in pods(full()).items():
        own = pod["containers"][0]
        assert {"name": "HTTPS_PROXY", "value": "http://proxy:3128"} in own["env"]
        assert {"configMapRef": {"name": "proxies"}} in own["envFrom"]
        assert [each["name"] for each in pod["containers"][1:]] == ([] if kind == "migrate" else ["mesh"])
        assert [each["name"] for each in pod.get("initContainers", ())] == ([] if kind == "migrate" else ["wait"])


@needs_helm
def test_a_security_context_can_lose_its_user_and_keeps_the_rest() -> None:
    for pod in pods(full()).values():
        assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


@needs_helm
def test_pods_spread_within_their_revision() -> None:
    for objects, topologies in (
        (rendered(JWT), ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]),
        (full(), ["rack"]),
    ):
        for kind in KINDS:
            spread = pods(objects)[kind]["topologySpreadConstraints"]
            assert [each["topologyKey"] for each in spread] == topologies
            for each in spread:
                assert each["matchLabelKeys"] == ["pod-template-hash"]
                assert each["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == kind


@needs_helm
def test_the_servers_service_can_have_the_name_that_the_platform_calls() -> None:
    objects = full()
    service = objects["Service", "inventory"]

    assert service["spec"]["ports"] == [
        {"name": "grpc", "port": 50051, "targetPort": "grpc", "appProtocol": "grpc"},
    ]
    assert (service["spec"]["type"], "clusterIP" in service["spec"]) == ("LoadBalancer", False)
    assert service["metadata"]["annotations"] == {"internal": "true"}
    environment = objects["ConfigMap", "stock"]["data"]
    assert environment["INVENTORY_GATEWAY_UPSTREAM"] == "inventory:50051"


@needs_helm
def test_the_gateway_is_reached_from_outside_by_either_kind_of_route() -> None:
    objects = full()
    service = objects["Service", "stock-gateway"]["spec"]

    (rule,) = objects["Ingress", "stock-gateway"]["spec"]["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    assert (rule["host"], backend) == ("inventory.example", {"name": "stock-gateway", "port": {"number": 8081}})
    (route,) = objects["HTTPRoute", "stock-gateway"]["spec"]["rules"]
    assert route["backendRefs"] == [{"name": "stock-gateway", "port": 8081}]
    assert (service["type"], service["ports"][0]["port"]) == ("NodePort", 8081)


@needs_helm
def test_policies_name_ports_by_number() -> None:
    """A port's name is looked up in the pod, which not every network plugin does."""
    ports: dict[str, set[int | str]] = {}
    for (kind, name), each in full().items():
        if kind == "NetworkPolicy":
            rules = each["spec"]["ingress"] + each["spec"].get("egress", [])
            ports[name] = {port["port"] for rule in rules for port in rule.get("ports", ())}

    pages = {Settings.model_fields[f"{kind}_health_port"].default for kind in ("server", "worker", "scheduler")}
    assert ports["stock-server"] == {50051}
    assert ports["stock-gateway"] == {8080}
    assert ports["stock"] == {*pages, 8080, 53, 5353, 50051}


@needs_helm
def test_a_pod_that_is_not_ready_keeps_no_node_from_being_drained() -> None:
    budgets = [each["spec"] for (kind, _), each in rendered(JWT).items() if kind == "PodDisruptionBudget"]

    assert len(budgets) == len(KINDS)
    assert {each["unhealthyPodEvictionPolicy"] for each in budgets} == {"AlwaysAllow"}


@needs_helm
def test_keda_counts_each_message_once_however_many_schedulers_export_it() -> None:
    objects = full()
    prometheus, cron = objects["ScaledObject", "stock-worker"]["spec"]["triggers"]

    plain = rendered(JWT | {"worker.keda.enabled": "true", "worker.keda.serverAddress": "http://prometheus"})
    (only,) = plain["ScaledObject", "shop-inventory-worker"]["spec"]["triggers"]
    assert only["metadata"]["query"] == 'sum(max by (band) (inventory_queue_messages{namespace="cloud"}))'
    assert (
        prometheus["metadata"]["query"]
        == 'sum(max by (band) (inventory_queue_messages{namespace="cloud",job="cloud/stock"}))'
    )
    assert cron["type"] == "cron"
    assert "replicas" not in objects["Deployment", "stock-worker"]["spec"]
    assert ("HorizontalPodAutoscaler", "stock-worker") not in objects


@needs_helm
def test_one_monitor_scrapes_all_processes_and_the_rules_are_the_files() -> None:
    objects = full()
    monitor = objects["PodMonitor", "stock"]

    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["path"]) == ("health", "/metrics")
    for kind in KINDS:
        labels = objects["Deployment", f"stock-{kind}"]["spec"]["template"]["metadata"]["labels"]
        assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
        assert "health" in {port["name"] for port in pods(objects)[kind]["containers"][0]["ports"]}
    alerts = (ROOT / "deploy" / "prometheus" / "alerts.yaml").read_text(encoding="utf-8")
    assert objects["PrometheusRule", "stock"]["spec"] == yaml.safe_load(alerts)


def test_the_charts_alerts_are_those_of_prometheus() -> None:
    """A chart can read its own files only: `cp deploy/prometheus/alerts.yaml deploy/helm/inventory/files/`."""
    alerts = ROOT / "deploy" / "prometheus" / "alerts.yaml"

    assert (CHART / "files" / "alerts.yaml").read_text(encoding="utf-8") == alerts.read_text(encoding="utf-8")


@needs_helm
def test_extra_objects_are_maps_or_texts_with_template_expressions() -> None:
    objects = full()

    assert objects["ConfigMap", "shop-map"]["data"] == {"name": "stock"}
    assert ("ConfigMap", "shop-text") in objects


@needs_helm
def test_a_service_account_is_created_with_its_annotations_under_its_name() -> None:
    objects = rendered(JWT | {"serviceAccount.name": "robot", "serviceAccount.annotations.role": "reader"})

    assert objects["ServiceAccount", "robot"]["metadata"]["annotations"] == {"role": "reader"}
    assert pods(objects)["server"]["serviceAccountName"] == "robot"
    assert not [name for kind, name in full() if kind == "ServiceAccount"]


@needs_helm
def test_two_scalers_for_one_deployment_are_refused() -> None:
    done = helm(SETS["full"] | {"worker.autoscaling.enabled": "true"})

    assert "enable one of the two" in done.stderr
