"""The chart, rendered by helm itself: safe where nothing was said, and in step with the code."""

from __future__ import annotations

import json

import pytest
import yaml

from inventory.api.listen import check_address, check_identity
from inventory.gateway.process import check_address as check_gateway_address
from inventory.settings import Settings
from inventory.version import package_version
from tests.unit.deploy.chart_kit import (
    CHART,
    EVERYTHING,
    JWT,
    KINDS,
    OPEN,
    STATIC,
    STORES,
    helm,
    needs_helm,
    pods,
    rendered,
    settings_of,
)
from tests.unit.deploy.deploy_kit import ROOT, check_command


def test_versions_are_those_of_the_package() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))

    assert chart["appVersion"] == package_version()
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert set(schema["properties"]) == {*values, "global"}
    assert set(values["settings"]) <= set(Settings.model_fields)


@needs_helm
@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"image.repository": "registry/inventory"}, "authentication.mode: choose jwt"),
        (JWT | {"image.repository": ""}, "image.repository: name where"),
        (JWT | {"podLabels.team": "7"}, "got number, want string"),
        (JWT | {"podAnnotations.scrape": "true"}, "got boolean, want string"),
        (JWT | {r"podLabels.app\.kubernetes\.io/name": "other"}, "'not' failed"),
        (JWT | {"worker.keda.enabled": "true"}, "worker.keda.serverAddress: name the URL"),
        (JWT | {"worker.keda.enabled": "true", "worker.autoscaling.enabled": "true"}, "enable one of the two"),
        (JWT | {"gateway.ingress.enabled": "true"}, "gateway.ingress.hosts: name a host"),
        (JWT | {"gateway.httpRoute.enabled": "true"}, "gateway.httpRoute.parentRefs: name the Gateway"),
        (JWT | {"gateway.httpRoute.enabled": "true", "gateway.enabled": "false"}, "httpRoute needs gateway.enabled"),
        (JWT | {"server.service.name": "shop-inventory-gateway"}, "the gateway's Service has that name"),
        (JWT | {"extraEnv[0].name": "INVENTORY_PORT", "extraEnv[0].value": "a"}, "goes under settings"),
        (STORES | {"authentication.mode": "none"}, "set authentication.allowEverybody"),
        (STORES | {"authentication.mode": "jwt"}, "authentication.authorization: choose identity"),
        (JWT | {"settings.secret_endpoint": ""}, "settings.secret_endpoint: required"),
        (JWT | {"authentication.allowEverybody": "true"}, "goes with mode none only"),
        (OPEN | {"authentication.authorization": "identity"}, "identity needs mode jwt"),
        (JWT | STATIC, "identity needs settings.platform grpc"),
        (JWT | STATIC | {"authentication.authorization": "none"}, "jwksConfigMap.name: required"),
        (JWT | {"mongodb.existingSecret.name": ""}, "mongodb.existingSecret.name: name the Secret"),
        (JWT | {"redis.existingSecret.name": ""}, "redis.existingSecret.name: name the Secret"),
        (OPEN | {"staticFile.existingSecret.name": ""}, "staticFile.existingSecret.name"),
        (JWT | {"settings.mongo_uri": "mongodb://user:word@db/"}, "settings.mongo_uri is a secret"),
        (JWT | {"settings.host": "::"}, "settings.host is the chart's to set"),
        (JWT | {"tls.clientAuthentication": "true"}, "needs tls.existingSecret"),
        (JWT | {"image.tag": "latest"}, "latest is no version"),
        (JWT | {"settings.drain_seconds": "35"}, "must exceed settings.drain_seconds"),
        (JWT | {"terminationGracePeriodSeconds": "30"}, "must exceed settings.drain_seconds"),
        (JWT | {"server.replica": "3"}, "additional properties 'replica' not allowed"),
        (JWT | {"worker.replicas": "0"}, "minimum: got 0, want 1"),
        (JWT | {"settings.LOG_LEVEL": "debug"}, "LOG_LEVEL"),
        (JWT | {"podDisruptionBudget.maxUnavailable": "some"}, "does not match pattern"),
        (JWT | {"server.autoscaling.maxReplicas": "1"}, "server.autoscaling: maxReplicas is less"),
    ],
)
def test_what_is_unsafe_or_cannot_run_is_refused_in_plain_words(values: dict[str, str], word: str) -> None:
    done = helm(values)

    assert done.returncode != 0
    assert word in done.stderr


@needs_helm
@pytest.mark.parametrize("values", [JWT, OPEN, EVERYTHING], ids=["jwt", "open", "everything"])
def test_settings_and_commands_are_those_of_the_code(values: dict[str, str]) -> None:
    objects = rendered(values)

    assert set(pods(objects)) == {*KINDS, "migrate"}
    for kind, pod in pods(objects).items():
        (container,) = pod["containers"]
        assert check_command(container["args"]) == kind
        loaded = settings_of(objects, kind)
        if kind != "migrate":
            check_address(loaded)
            check_identity(loaded)
            check_gateway_address(loaded)
            assert loaded.migrate_at_start is False
            assert loaded.drain_seconds + 5 < pod["terminationGracePeriodSeconds"]
    if values is EVERYTHING:
        loaded = settings_of(objects, "worker")
        assert (loaded.batch_bytes, loaded.disconnect_grace_seconds) == (16777216, 0.5)
        assert loaded.housekeeping_excluded_domains == ("domain-a",)
        assert settings_of(objects, "migrate").mongo_database == "stock"


@needs_helm
def test_probes_ask_ports_and_pages_that_are_there() -> None:
    objects = rendered(JWT)
    ports = {"server": "server_health_port", "worker": "worker_health_port", "scheduler": "scheduler_health_port"}
    for kind in KINDS:
        loaded = settings_of(objects, kind)
        (container,) = pods(objects)[kind]["containers"]
        named = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert named["health"] == getattr(loaded, ports.get(kind, "gateway_port"))
        assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "health"}
        if kind == "server":
            assert named["grpc"] == container["readinessProbe"]["grpc"]["port"] == loaded.port
        else:
            assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "health"}
    service = objects["Service", "shop-inventory-server"]["spec"]["ports"][0]
    assert settings_of(objects, "gateway").gateway_upstream == f"shop-inventory-server:{service['port']}"


@needs_helm
def test_with_tls_readiness_is_more_than_that_a_port_is_open() -> None:
    (container,) = pods(rendered(EVERYTHING))["server"]["containers"]

    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "health"}
    assert "grpc" not in container["readinessProbe"]


@needs_helm
def test_every_file_that_settings_name_is_mounted_where_it_is_read() -> None:
    """All processes read platform_ca_file, which the chart says may be the CA of the server's certificate."""
    files = {
        "extraVolumes[0].name": "stores-ca",
        "extraVolumes[0].secret.secretName": "stores-ca",
        "extraVolumeMounts[0].name": "stores-ca",
        "extraVolumeMounts[0].mountPath": "/etc/stores",
    }
    for kind, pod in pods(rendered(EVERYTHING | files)).items():
        (container,) = pod["containers"]
        volumes = {each["name"]: each for each in pod["volumes"]}
        mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
        assert mounts["stores-ca"] == "/etc/stores"
        assert volumes["stores-ca"]["secret"] == {"secretName": "stores-ca"}
        assert (mounts.get("tls") == "/etc/inventory/tls") == (kind != "migrate")
        if kind not in ("server", "migrate"):
            assert volumes["tls"]["secret"]["items"] == [{"key": "ca.crt", "path": "ca.crt"}], "no key but the server's"


@needs_helm
def test_whoever_restricts_egress_keeps_names_and_the_gateways_way_to_the_servers() -> None:
    dns, servers, own = rendered(EVERYTHING)["NetworkPolicy", "shop-inventory"]["spec"]["egress"]

    assert {(each["protocol"], each["port"]) for each in dns["ports"]} == {
        (protocol, port) for protocol in ("UDP", "TCP") for port in (53, 5353)
    }
    assert servers["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "server"
    assert own == {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}


@needs_helm
@pytest.mark.parametrize("values", [JWT, OPEN, EVERYTHING], ids=["jwt", "open", "everything"])
def test_every_pod_is_locked_down(values: dict[str, str]) -> None:
    for kind, pod in pods(rendered(values)).items():
        assert pod["automountServiceAccountToken"] is False
        security = pod["securityContext"]
        assert (security["runAsNonRoot"], security["runAsUser"]) == (True, 10001)
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        (container,) = pod["containers"]
        assert container["image"] == f"registry/inventory:{package_version()}"
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"]["cpu"]
        assert container["resources"]["limits"]["memory"]
        mounted = {each["name"] for each in container["volumeMounts"]}
        assert "tmp" in mounted
        assert mounted == {each["name"] for each in pod["volumes"]}
        if kind in ("gateway", "migrate"):
            assert "platform" not in mounted


@needs_helm
def test_no_secret_is_rendered_but_by_reference() -> None:
    objects = rendered(EVERYTHING)

    assert not [kind for kind, _ in objects if kind == "Secret"]
    data = objects["ConfigMap", "shop-inventory"]["data"]
    assert not {"INVENTORY_MONGO_URI", "INVENTORY_REDIS_URL", "INVENTORY_SYSTEM_TOKEN"} & set(data)
    env = {each["name"]: each["valueFrom"] for each in pods(objects)["worker"]["containers"][0]["env"]}
    assert env["INVENTORY_MONGO_URI"] == {"secretKeyRef": {"name": "mongo", "key": "uri"}}
    assert env["INVENTORY_SYSTEM_TOKEN"] == {"secretKeyRef": {"name": "token", "key": "token"}}
    assert "env" not in pods(objects)["gateway"]["containers"][0]


@needs_helm
def test_selectors_find_their_pods_and_no_others() -> None:
    objects = rendered(EVERYTHING)
    labels = {
        name.removeprefix("shop-inventory-"): each["spec"]["template"]["metadata"]["labels"]
        for (kind, name), each in objects.items()
        if kind == "Deployment"
    }

    def found(selector: dict[str, str]) -> set[str]:
        return {name for name, have in labels.items() if selector.items() <= have.items()}

    for kind in KINDS:
        name = f"shop-inventory-{kind}"
        assert found(objects["Deployment", name]["spec"]["selector"]["matchLabels"]) == {kind}
        assert found(objects["PodDisruptionBudget", name]["spec"]["selector"]["matchLabels"]) == {kind}
        assert labels[kind]["team"] == "cloud"
    for kind in ("server", "gateway"):
        assert found(objects["Service", f"shop-inventory-{kind}"]["spec"]["selector"]) == {kind}
        policy = objects["NetworkPolicy", f"shop-inventory-{kind}"]["spec"]
        assert found(policy["podSelector"]["matchLabels"]) == {kind}
    assert found(objects["NetworkPolicy", "shop-inventory"]["spec"]["podSelector"]["matchLabels"]) == set(KINDS)


@needs_helm
def test_scaling_is_by_cpu_and_only_where_there_is_the_metric_by_the_queue() -> None:
    plain, scaled = rendered(JWT), rendered(EVERYTHING)

    assert ("HorizontalPodAutoscaler", "shop-inventory-worker") not in plain
    assert plain["Deployment", "shop-inventory-worker"]["spec"]["replicas"] == 2
    assert "replicas" not in plain["Deployment", "shop-inventory-server"]["spec"]
    queue = scaled["HorizontalPodAutoscaler", "shop-inventory-worker"]["spec"]["metrics"][0]["external"]
    assert queue["metric"]["name"] in (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    assert "replicas" not in scaled["Deployment", "shop-inventory-worker"]["spec"]


@needs_helm
def test_migrations_run_before_and_rely_on_nothing_of_the_release() -> None:
    job = rendered(EVERYTHING)["Job", "shop-inventory-migrate"]

    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    pod = job["spec"]["template"]["spec"]
    assert "serviceAccountName" not in pod
    assert "envFrom" not in pod["containers"][0]


@needs_helm
def test_without_the_job_processes_migrate_themselves() -> None:
    objects = rendered(JWT | {"migration.enabled": "false"})

    assert not [kind for kind, _ in objects if kind == "Job"]
    assert settings_of(objects, "server").migrate_at_start is True


@needs_helm
def test_nobody_but_the_release_may_call_until_somebody_is_named() -> None:
    objects = rendered(JWT)

    assert objects["NetworkPolicy", "shop-inventory"]["spec"]["ingress"] == []
    (rule,) = objects["NetworkPolicy", "shop-inventory-server"]["spec"]["ingress"]
    assert [list(peer) for peer in rule["from"]] == [["podSelector"]]
    assert ("NetworkPolicy", "shop-inventory-gateway") not in objects
