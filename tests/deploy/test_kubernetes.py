"""The manifests for Kubernetes: valid against its schemas, and fitting each other. No cluster runs them here."""

from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml
from django.test import Client

from tests.deploy.parts import DEPLOY, documents, of_the_launcher, options, settings_read

FOLDER = DEPLOY / "kubernetes"
RUNNING = {"Deployment", "StatefulSet", "Job", "CronJob"}
IMAGE = "vidkryte-misto"
ALL = [(name, one) for name, one in documents(FOLDER) if name != "kustomization.yaml"]


def title(one: tuple[str, dict[str, Any]]) -> str:
    return f"{one[1]['kind']}-{one[1]['metadata']['name']}"


def of_kind(*kinds: str) -> list[dict[str, Any]]:
    return [one for _, one in ALL if one["kind"] in kinds]


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """The name of everything that makes pods, and what its pods are like."""
    for one in of_kind(*RUNNING):
        made = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
        yield one["metadata"]["name"], made["template"]["spec"]


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, pod in pods():
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            yield name, container


@pytest.mark.parametrize("one", ALL, ids=[title(one) for one in ALL])
def test_manifest_fits_the_schema_of_kubernetes(one: tuple[str, dict[str, Any]]) -> None:
    kubernetes_validate.validate(one[1], kubernetes_validate.latest_version(), strict=True)


def test_wrong_manifest_would_be_refused() -> None:
    wrong = {**of_kind("Service")[0], "spec": {"ports": [{"port": "many"}]}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, kubernetes_validate.latest_version(), strict=True)


def test_everything_but_the_examples_is_applied_into_one_namespace() -> None:
    plan = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
    files = {path.name for path in FOLDER.glob("*.yaml")}
    assert set(plan["resources"]) == files - {"kustomization.yaml", "secret.example.yaml", "restore.example.yaml"}
    assert {one["metadata"].get("namespace", "misto") for _, one in ALL} == {plan["namespace"]}
    assert [image["name"] for image in plan["images"]] == [IMAGE]


def test_pods_run_the_processes_of_the_launcher() -> None:
    ours = of_the_launcher()
    told = {name: container.get("args", []) for name, container in containers() if container["name"] == name}
    for name in ("worker", "outbox", "jobs", "beat"):
        assert options(told[name]) == ours[name], name
    assert told["web"] == [], "it runs what the image says"


def test_exactly_one_clock_and_one_outbox_run() -> None:
    copies = {one["metadata"]["name"]: one["spec"] for one in of_kind("Deployment")}
    assert copies["beat"]["replicas"] == copies["outbox"]["replicas"] == 1
    assert copies["beat"]["strategy"] == {"type": "Recreate"}
    assert "replicas" not in copies["web"], "the autoscaler says how many"


def test_names_that_manifests_use_exist() -> None:
    known = {(one["kind"], one["metadata"]["name"]) for _, one in ALL}
    for name, pod in pods():
        volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
        for volume in volumes.values():
            claim = volume.get("persistentVolumeClaim")
            assert not claim or ("PersistentVolumeClaim", claim["claimName"]) in known
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
            assert mounted <= {*volumes, "data"}, name
            for source in container.get("envFrom", []):
                kind = "ConfigMap" if "configMapRef" in source else "Secret"
                assert (kind, next(iter(source.values()))["name"]) in known
    for service in of_kind("Service"):
        (chosen,) = [one for one in of_kind(*RUNNING) if one["metadata"]["name"] == service["metadata"]["name"]]
        labels = chosen["spec"]["template"]["metadata"]["labels"]
        assert service["spec"]["selector"].items() <= labels.items()
        ports = {
            port["name"] for one in chosen["spec"]["template"]["spec"]["containers"] for port in one.get("ports", [])
        }
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


def test_every_variable_of_the_pods_is_read() -> None:
    (plain,), (secret,) = of_kind("ConfigMap"), of_kind("Secret")
    assert {*plain["data"], *secret["stringData"]} - {"POSTGRES_PASSWORD"} <= settings_read()
    assert not {"MISTO_SECRET_KEY", "DATABASE_URL"} & set(plain["data"])


def test_pods_of_the_service_have_no_rights_and_limits_of_memory() -> None:
    for name, container in containers():
        assert container["resources"]["limits"]["memory"], name
        assert container["securityContext"]["allowPrivilegeEscalation"] is False, name
        if container["image"] == IMAGE:
            assert container["securityContext"]["readOnlyRootFilesystem"], name
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
    for name, pod in pods():
        assert pod["automountServiceAccountToken"] is False, name
        assert name == "database" or pod["securityContext"]["runAsNonRoot"], name


def test_probes_ask_pages_that_answer(client: Client, db: None) -> None:
    (web,) = [container for name, container in containers() if name == "web" and container["name"] == "web"]
    asked = {kind: web[kind]["httpGet"]["path"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert asked["livenessProbe"] != asked["readinessProbe"]
    for path in asked.values():
        assert client.get(path).status_code == 200


def test_workers_are_not_killed_for_a_broker_that_is_away() -> None:
    workers = [container for name, container in containers() if name in {"worker", "outbox", "jobs", "beat"}]
    assert len(workers) == 8
    assert not any("livenessProbe" in container for container in workers)
