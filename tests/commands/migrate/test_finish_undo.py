# SPDX-License-Identifier: MIT
"""Test `az aks pod-identity migrate --finish` and `--undo`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from azext_podidentity.profile.rbac import assignment_name
from azure_simulator import Simulator
from tests.support.azure_cli import (
    CLUSTER,
    CLUSTER_PATH,
    GROUP,
    NAMESPACE,
    ROLE_PATH,
    AzureCli,
    commands_in,
    kill_at,
    sent,
)
from tests.support.cluster_state import pod_exception, pod_identity, principal_id, profile_of, seed_entries
from tests.support.faults import forbidden
from tests.support.terminal import answered
from tests.support.workload_manifests import ENABLED, ISSUER, MIGRATE, USE, live, service_account, workload, write


def moved(name: str = "web", kind: str = "Deployment") -> dict[str, Any]:
    """A workload that uses workload identity."""
    there = workload(name, None, kind, account=name)
    there["spec"]["template"]["metadata"]["labels"][USE] = "true"
    return there


def file_of(folder: Path, *objects: dict[str, Any]) -> Path:
    """What kubectl prints of those objects, as a file."""
    file = folder / "all.json"
    file.write_text(json.dumps(live(*objects)))
    return file


def ready(simulator: Simulator, folder: Path, identities: dict[str, Any]) -> Path:
    """Workloads of a cluster that use the managed identities, by name, without the label."""
    objects = []
    for name, identity in identities.items():
        subject = f"system:serviceaccount:{NAMESPACE}:{name}"
        simulator.seed.federated_credential(identity["id"], "theirs", ISSUER, subject)
        objects += [moved(name), service_account(name, identity["properties"]["clientId"])]
    return file_of(folder, *objects)


def operator_roles(az: AzureCli, scope: str) -> list[str]:
    listed = az(f"role assignment list --scope {scope} --role 'Managed Identity Operator'").ok().json
    return [each["principalId"] for each in listed]


def test_finish_removes_all_and_disables_add_on(each_az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    identities = seed_entries(
        simulator, "app", "batch", exceptions=[pod_exception("agents", {"app": "agent"})], **ENABLED
    )
    done = ready(simulator, tmp_path, identities)
    others = simulator.seed.role_assignment(
        identities["app"]["id"], principal_id(simulator.cluster(GROUP, CLUSTER)), "Reader"
    )

    removed = each_az(f"{MIGRATE} --workloads {done} --finish --yes").ok().json

    assert removed["removedPodIdentities"] == [f"{NAMESPACE}/app", f"{NAMESPACE}/batch"]
    assert removed["removedExceptions"] == [f"{NAMESPACE}/agents"]
    assert removed["addOnDisabled"]
    assert not profile_of(simulator).get("enabled")
    assert not profile_of(simulator).get("userAssignedIdentities")
    for each in identities.values():
        assert operator_roles(each_az, each["id"]) == []
    roles = {role["scope"]: role for role in removed["roleAssignments"]}
    assert roles.keys() == {each["id"] for each in identities.values()}
    assert all(role["state"] == "Removed" and role["removedIds"] for role in roles.values())
    assert others["name"] not in [each.path.rpartition("/")[2] for each in simulator.requests.matching("DELETE")]
    assert simulator.cluster(GROUP, CLUSTER)["properties"]["oidcIssuerProfile"] == ENABLED["oidcIssuerProfile"]


def test_finish_refused_for_labelled_workloads(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    seed_entries(simulator, "app", **ENABLED)
    old = workload("old-1-x", "app", "Pod", account="old")
    old["metadata"]["ownerReferences"] = [{"kind": "Deployment", "name": "old", "controller": True}]
    file = file_of(tmp_path, moved(), moved("old"), old, workload("left", "app", "CronJob"))

    message = az(f"{MIGRATE} --workloads {file} --finish --yes").failed()

    assert f"CronJob {NAMESPACE}/left" in message
    assert f"Pod {NAMESPACE}/old-1-x" in message
    assert commands_in(message) == [f"az {MIGRATE} --status --workloads {file} --output table"]
    assert "--force" in message
    assert not simulator.requests.matching("PUT")


RUNNING: dict[str, Any] = {
    "a pod that was created before the change": {"labels": {"app": "app"}},
    "a pod without a token": {"labels": {"app": "app", USE: "true"}},
}


@pytest.mark.parametrize("name", RUNNING)
def test_finish_refused_for_pod_without_token(az: AzureCli, simulator: Simulator, tmp_path: Path, name: str) -> None:
    done = ready(simulator, tmp_path, seed_entries(simulator, "app", **ENABLED))
    pod = workload("app-1-x", None, "Pod", account="app")
    pod["metadata"] |= {
        **RUNNING[name],
        "uid": "x",
        "ownerReferences": [{"kind": "Deployment", "name": "app", "controller": True}],
    }
    listed = json.loads(done.read_text())
    done.write_text(json.dumps({**listed, "items": [*listed["items"], pod]}))

    message = az(f"{MIGRATE} --workloads {done} --finish --yes").failed()

    assert f"Deployment {NAMESPACE}/app (NotReady)" in message
    assert "app-1-x" in message
    assert not simulator.requests.matching("PUT")
    pod["spec"]["containers"][0]["env"] = [{"name": "AZURE_FEDERATED_TOKEN_FILE", "value": "/token"}]
    done.write_text(json.dumps({**listed, "items": [*listed["items"], pod]}))
    az(f"{MIGRATE} --workloads {done} --finish --yes").ok()


def test_finish_force_and_yes(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    seed_entries(simulator, "app", **ENABLED)
    file = file_of(tmp_path, workload("left", "app", account="left"))

    az(f"{MIGRATE} --workloads {file} --finish --yes").failed()
    assert profile_of(simulator)["enabled"]

    az(f"{MIGRATE} --workloads {file} --finish --yes --force").ok()
    assert not profile_of(simulator).get("enabled")


def test_finish_unused_pod_identity_needs_answer(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    done = ready(simulator, tmp_path, {"app": seed_entries(simulator, "app", "unseen", **ENABLED)["app"]})

    message = az(f"{MIGRATE} --workloads {done} --finish --yes").failed()

    assert f"{NAMESPACE}/unseen" in message
    assert f"{NAMESPACE}/app" not in message
    answered(az, f"{MIGRATE} --workloads {done} --finish", "y", "was seen to use these pod identities")
    assert not profile_of(simulator).get("enabled")


def test_finish_from_manifests_only(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    seed_entries(simulator, "app", **ENABLED)
    file = write(tmp_path / "app.yaml", moved("app"))
    assert "Only manifests were read" in az(f"{MIGRATE} --workloads {file} --finish --yes").failed()


def test_finish_without_terminal_refused(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    done = ready(simulator, tmp_path, seed_entries(simulator, "app", **ENABLED))

    message = az(f"{MIGRATE} --workloads {done} --finish").failed()

    assert f"pod identity {NAMESPACE}/app" in message
    assert "--yes" in message
    assert not simulator.requests.matching("PUT")


@pytest.mark.parametrize(("answer", "left"), [("y", False), ("", True)])
def test_finish_at_terminal(az: AzureCli, simulator: Simulator, tmp_path: Path, answer: str, left: bool) -> None:
    done = ready(simulator, tmp_path, seed_entries(simulator, "app", **ENABLED))
    (theirs,) = simulator.role_assignments(principal_id(simulator.cluster(GROUP, CLUSTER)))

    answered(az, f"{MIGRATE} --workloads {done} --finish", answer, f"pod identity {NAMESPACE}/app", theirs["name"])

    assert bool(profile_of(simulator).get("enabled")) == left


@pytest.mark.parametrize("request_", [("PUT", CLUSTER_PATH), ("DELETE", ROLE_PATH)], ids=["entries", "role"])
def test_killed_finish_completed_by_next_run(
    az: AzureCli, simulator: Simulator, tmp_path: Path, request_: tuple[str, str]
) -> None:
    identity = simulator.seed.managed_identity(GROUP, "app")
    profile = {"enabled": True, "userAssignedIdentities": [pod_identity(identity, "app")]}
    principal = principal_id(simulator.seed.cluster(GROUP, CLUSTER, pod_identity=profile, **ENABLED))
    ours = assignment_name(identity["id"], principal)
    simulator.seed.role_assignment(identity["id"], principal, name=ours)
    done = ready(simulator, tmp_path, {"app": identity})
    command = f"{MIGRATE} --workloads {done} --finish --yes"
    kill_at(az, simulator, command, *request_)
    assert profile_of(simulator)["enabled"]

    az(command).ok()

    assert not profile_of(simulator).get("enabled")
    assert operator_roles(az, identity["id"]) == []


def test_repeated_finish(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    done = ready(simulator, tmp_path, seed_entries(simulator, "app", **ENABLED))
    command = f"{MIGRATE} --workloads {done} --finish --yes"
    az(command).ok()
    simulator.requests.clear()

    removed = az(command).ok().json

    assert removed["removedPodIdentities"] == []
    assert all(each.startswith("GET") for each in sent(simulator))


def test_undo_removes_own_credentials_only(each_az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    identity = seed_entries(simulator, "app", "batch", **ENABLED)["app"]
    simulator.seed.federated_credential(identity["id"], "theirs", ISSUER, f"system:serviceaccount:{NAMESPACE}:theirs")
    simulator.seed.federated_credential(
        identity["id"], "other", "https://other", f"system:serviceaccount:{NAMESPACE}:web"
    )
    file = file_of(tmp_path, workload("web", "app", account="web"), workload("theirs", "app", account="theirs"))
    each_az(f"{MIGRATE} --workloads {file} --approve").ok()
    before = profile_of(simulator)
    assert len(simulator.federated_credentials(identity["id"])) == 3

    removed = each_az(f"{MIGRATE} --undo --yes").ok().json

    assert [each["subject"].rpartition(":")[2] for each in removed["removedCredentials"]] == ["web"]
    assert [each["name"] for each in simulator.federated_credentials(identity["id"])] == ["theirs", "other"]
    assert profile_of(simulator) == before
    again = each_az(f"{MIGRATE} --undo").ok()  # there is nothing to ask about
    assert again.json["removedCredentials"] == []


def test_undo_keeps_credentials_of_other_cluster(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    identity = seed_entries(simulator, "app", **ENABLED)["app"]
    file = file_of(tmp_path, workload("web", "app", account="web"))
    az(f"{MIGRATE} --workloads {file} --approve").ok()
    made = simulator.federated_credentials(identity["id"])
    other = {**ENABLED, "oidcIssuerProfile": {"enabled": True, "issuerURL": "https://issuer.example/another/"}}
    seed_profile = profile_of(simulator)
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=seed_profile, **other)

    result = az(f"{MIGRATE} --undo --yes").ok()

    assert simulator.federated_credentials(identity["id"]) == made
    (command,) = [each for warning in result.warnings for each in re.findall(r"az aks .*", warning)]
    assert command.endswith(f"--undo --issuer {ISSUER}")
    assert "1 credential that" in " ".join(result.warnings)
    az(f"{command.removeprefix('az ')} --yes").ok()
    assert simulator.federated_credentials(identity["id"]) == []


def test_killed_undo_completed_by_next_run(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    identity = seed_entries(simulator, "app", **ENABLED)["app"]
    objects = [workload(name, "app", account=name) for name in ("one", "two", "three")]
    az(f"{MIGRATE} --workloads {file_of(tmp_path, *objects)} --approve").ok()
    kill_at(az, simulator, f"{MIGRATE} --undo --yes", "DELETE", "/federatedIdentityCredentials")
    assert len(simulator.federated_credentials(identity["id"])) == 2

    az(f"{MIGRATE} --undo --yes").ok()

    assert simulator.federated_credentials(identity["id"]) == []


def test_undo_needs_consent(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    identity = seed_entries(simulator, "app", **ENABLED)["app"]
    az(f"{MIGRATE} --workloads {file_of(tmp_path, workload('web', 'app', account='web'))} --approve").ok()

    message = az(f"{MIGRATE} --undo").failed()

    assert "1 federated identity credential" in message
    assert len(simulator.federated_credentials(identity["id"])) == 1


def test_undo_credential_removal_forbidden(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    identity = seed_entries(simulator, "app", **ENABLED)["app"]
    az(f"{MIGRATE} --workloads {file_of(tmp_path, workload('web', 'app', account='web'))} --approve").ok()
    simulator.faults.add(forbidden("DELETE", "/federatedIdentityCredentials"))

    result = az(f"{MIGRATE} --undo --yes")

    assert result.exit_code == 1
    az.paste(result.stderr)
    assert simulator.federated_credentials(identity["id"]) == []
