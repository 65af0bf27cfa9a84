# SPDX-License-Identifier: MIT
"""Test `az aks pod-identity apply` and the resulting entries of a cluster."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, ROLE_PATH, AzureCli, commands_in, kill_at, sent
from tests.support.cluster_state import (
    change_meanwhile,
    entries,
    exceptions,
    is_bound,
    pod_exception,
    pod_identity,
    principal_id,
    recreate,
    seed_entries,
    takes,
)
from tests.support.entry_files import APPLY, Wire, binding, names, write
from tests.support.terminal import at_terminal


def test_apply_adds_entries_and_roles_in_one_write(
    each_az: AzureCli, simulator: Simulator, cluster: Wire, tmp_path: Path
) -> None:
    identities = {name: simulator.seed.managed_identity(GROUP, name) for name in ("one", "two", "shared")}
    file = write(
        tmp_path,
        [
            *(binding(each, bindingSelector="my_selector") for each in identities.values()),
            binding(identities["one"], "b"),
        ],
        [pod_exception("agents", {"app": "node-agent", "tier": "infra"})],
    )

    result = each_az(f"{APPLY} -f {file}")

    assert names(result) == {"added": ["b", "one", "shared", "two", "agents"]}
    assert result.json["added"][0] == {
        "kind": "podIdentity",
        "namespace": "my-app",
        "name": "b",
        "before": None,
        "after": {"identity": identities["one"]["id"], "bindingSelector": "b"},
    }
    assert set(entries(simulator)) == {"one", "two", "shared", "b"}
    assert is_bound(simulator, identities["one"], "b")
    assert exceptions(simulator)["agents"]["podLabels"] == {"app": "node-agent", "tier": "infra"}
    assert sent(simulator).count("PUT managedClusters") == 1
    assert sent(simulator).count("PUT roleAssignments") == 3


def test_apply_unchanged(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    identity = seed_entries(simulator, "app", exceptions=[pod_exception("agents", {"app": "x"})])["app"]
    file = write(tmp_path, [binding(identity)], [pod_exception("agents", {"app": "x"})])

    result = az(f"{APPLY} --file {file}")

    assert names(result) == {"unchanged": ["app", "agents"]}
    assert any("No changes" in warning for warning in result.warnings)
    assert not simulator.requests.matching("PUT")


def test_apply_replaces_differing_entries(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    seed_entries(
        simulator, "app", "selected", "theirs", exceptions=[pod_exception("a", {"app": "x"}), pod_exception("b", None)]
    )
    theirs, selected = entries(simulator)["theirs"], entries(simulator)["selected"]["identity"]
    another = simulator.seed.managed_identity(GROUP, "another")
    changed = binding({"id": selected["resourceId"]}, "selected", bindingSelector="new")
    file = write(tmp_path, [binding(another, "app"), changed], [pod_exception("a", {"app": "y"})])

    result = az(f"{APPLY} --file {file}")

    assert names(result) == {"changed": ["app", "selected", "a"], "unchanged": ["theirs", "b"]}
    assert is_bound(simulator, another, "app")
    assert entries(simulator)["selected"]["bindingSelector"] == "new"
    assert entries(simulator)["theirs"] == theirs
    assert {name: each["podLabels"] for name, each in exceptions(simulator).items()} == {"a": {"app": "y"}, "b": {}}
    assert sent(simulator).count("PUT managedClusters") == 1
    assert any("keeps its role over" in warning and "/app'" in warning for warning in result.warnings)


def test_apply_dry_run_sends_only_reads(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    identities = seed_entries(simulator, "app", "theirs")
    another = simulator.seed.managed_identity(GROUP, "another")
    file = write(tmp_path, [binding(another), binding(another, "app")])
    before = entries(simulator)

    result = az(f"{APPLY} --file {file} --dry-run --prune")

    assert names(result) == {"added": ["another"], "changed": ["app"], "removed": ["theirs"]}
    assert (
        f"+ pod identity my-app/another\n    identity: {another['id']}\n    bindingSelector: another\n"
        f"~ pod identity my-app/app\n    identity: {identities['app']['id']} -> {another['id']}\n"
        f"- pod identity my-app/theirs\n" in result.stderr
    )
    assert f"+ role Managed Identity Operator\n    scope: {another['id']}\n" in result.stderr
    assert "Would add 1, change 1, remove 1; 0 unchanged." in result.stderr
    assert result.json["roleAssignments"] == [{"role": "Managed Identity Operator", "scope": another["id"]}]
    assert {each.method for each in simulator.requests.all()} == {"GET"}
    assert entries(simulator) == before


def test_apply_dry_run_at_terminal(
    az: AzureCli, simulator: Simulator, cluster: Wire, identity: Wire, tmp_path: Path
) -> None:
    file = write(tmp_path, [binding(identity)])
    shown = at_terminal(az, f"{APPLY} --file {file} --dry-run --skip-role-assignment --only-show-errors")
    assert re.sub(r"\x1b\[[\d;]*m", "", shown).split("\r\n") == [
        f"Changes to cluster '{CLUSTER}':",
        "+ pod identity my-app/app-identity",
        f"    identity: {identity['id']}",
        "    bindingSelector: app-identity",
        "Would add 1, change 0, remove 0; 0 unchanged.",
        "",
    ]
    assert re.search(r"\x1b\[\d+m\+ pod identity", shown)
    shown = at_terminal(az, f"{APPLY} --file {file} --dry-run --only-show-errors -o json")
    assert json.loads(shown)["added"][0]["name"] == "app-identity"


@pytest.mark.parametrize("option", ["", "--dry-run"])
def test_apply_only_show_errors(
    az: AzureCli, simulator: Simulator, cluster: Wire, identity: Wire, tmp_path: Path, option: str
) -> None:
    result = az(f"{APPLY} --file {write(tmp_path, [binding(identity)])} --only-show-errors {option}")

    assert names(result) == {"added": ["app-identity"]}
    assert result.stderr == ""


def test_apply_table(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    seed_entries(simulator, "app")
    another = simulator.seed.managed_identity(GROUP, "another")
    file = write(tmp_path, [binding(another), binding(another, "app")], [pod_exception("agents", {"app": "x"})])

    rows = az(f"{APPLY} --file {file} --dry-run --output table").ok().stdout.splitlines()[2:]

    assert rows.pop(0).split(maxsplit=3) == ["added", "role", "another", "Managed Identity Operator"]
    assert [row.split(maxsplit=4) for row in rows] == [
        ["added", "podIdentity", "my-app", "another", "another, another"],
        ["added", "exception", "my-app", "agents", "app=x"],
        ["changed", "podIdentity", "my-app", "app", "identity: app -> another"],
    ]


def test_apply_retries_failed_entry(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.faults.fail_operation("AddonTrouble", "The add-on could not be reconciled.")
    az(f"aks pod-identity delete --resource-group rg --cluster-name {CLUSTER} --namespace my-app --name app").failed()

    result = az(f"{APPLY} --file {write(tmp_path, [binding(identity)])}")

    assert names(result) == {"changed": ["app"]}
    assert any("in state Failed (The add-on could" in warning for warning in result.warnings)
    assert is_bound(simulator, identity, "app")


def test_apply_reports_all_failed_entries(az: AzureCli, simulator: Simulator, cluster: Wire, tmp_path: Path) -> None:
    identities = [simulator.seed.managed_identity(GROUP, name) for name in ("one", "two", "three")]
    for name in ("one", "three"):
        simulator.faults.fail_entry("my-app", name, "NodeTrouble", f"No node for {name}.")

    message = az(f"{APPLY} --file {write(tmp_path, map(binding, identities))}").failed()

    assert "Pod identity 'my-app/one' ended in state Failed: No node for one." in message
    assert "Pod identity 'my-app/three' ended in state Failed: No node for three." in message


def test_apply_rebinds_recreated_identity(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    old = simulator.seed.managed_identity(GROUP, "shared")
    both = [pod_identity(old, "one"), pod_identity(old, "two")]
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity={"enabled": True, "userAssignedIdentities": both})
    new = recreate(simulator, old)

    result = az(f"{APPLY} --file {write(tmp_path, [binding(new, 'one')])}")

    assert names(result) == {"changed": ["one", "two"]}
    assert is_bound(simulator, new, "one")
    assert is_bound(simulator, new, "two")
    assert sent(simulator).count("PUT managedClusters") == 1


def test_apply_grants_lost_role(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.remove_role_assignments(identity["id"])
    new = simulator.seed.managed_identity(GROUP, "new")

    assert names(az(f"{APPLY} --file {write(tmp_path, [binding(identity), binding(new)])}"))["added"] == ["new"]

    assert sent(simulator).count("PUT roleAssignments") == 2
    assert sent(simulator).count("PUT managedClusters") == 1


def test_apply_lists_unknown_managed_identities(
    az: AzureCli, simulator: Simulator, cluster: Wire, tmp_path: Path
) -> None:
    there = simulator.seed.managed_identity(GROUP, "there")
    gone = [{"id": there["id"].replace("there", name), "name": name} for name in ("gone-1", "gone-2")]
    file = write(tmp_path, map(binding, [there, *gone]))

    message = az(f"{APPLY} --file {file}").failed(3)

    assert all(each["id"] in message for each in gone)
    assert not simulator.requests.matching("PUT")
    az.paste(message)
    assert len(names(az(f"{APPLY} --file {file}"))["added"]) == 3


def test_apply_add_on_disabled(az: AzureCli, simulator: Simulator, identity: Wire, tmp_path: Path) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)
    file = write(tmp_path, [binding(identity)])

    message = az(f"{APPLY} --file {file}").failed()

    assert sent(simulator) == ["GET managedClusters"]
    az.paste(message)
    assert names(az(f"{APPLY} --file {file}")) == {"added": ["app-identity"]}


def test_apply_keeps_concurrent_change(
    az: AzureCli, simulator: Simulator, cluster: Wire, identity: Wire, tmp_path: Path
) -> None:
    simulator.faults.add(Fault("PUT", CLUSTER_PATH, call=lambda: change_meanwhile(simulator)))

    az(f"{APPLY} --file {write(tmp_path, [binding(identity)])} --aks-custom-headers X-Some=header").ok()

    puts = simulator.requests.matching("PUT", CLUSTER_PATH)
    assert [put.status for put in puts] == [412, 200]
    assert {put.headers["x-some"] for put in puts} == {"header"}
    assert set(entries(simulator)) == {"app-identity"}
    assert set(exceptions(simulator)) == {"others"}


def test_apply_no_wait(az: AzureCli, simulator: Simulator, cluster: Wire, identity: Wire, tmp_path: Path) -> None:
    takes(simulator, pod_identity=60)

    result = az(f"{APPLY} --file {write(tmp_path, [binding(identity)])} --no-wait").ok()

    assert result.stdout == ""
    assert entries(simulator)["app-identity"]["provisioningState"] == "Updating"
    assert not simulator.requests.matching("GET", "/operations/")


@pytest.mark.parametrize("request_", [("PUT", ROLE_PATH), ("PUT", CLUSTER_PATH)], ids=["grant", "write"])
def test_apply_killed_and_repeated(
    az: AzureCli, simulator: Simulator, cluster: Wire, tmp_path: Path, request_: tuple[str, str]
) -> None:
    identities = [simulator.seed.managed_identity(GROUP, name) for name in ("one", "two")]
    command = f"{APPLY} --file {write(tmp_path, map(binding, identities))}"
    kill_at(az, simulator, command, *request_)

    az(command).ok()

    assert {name: each["provisioningState"] for name, each in entries(simulator).items()} == {
        "one": "Assigned",
        "two": "Assigned",
    }
    assert len({grant.path for grant in simulator.requests.matching("PUT", ROLE_PATH)}) == 2


def test_apply_concurrent_with_add(az: AzureCli, simulator: Simulator, cluster: Wire, tmp_path: Path) -> None:
    identities = [simulator.seed.managed_identity(GROUP, name) for name in ("one", "two", "three")]
    files = [write(tmp_path, [binding(each)], name=f"{each['name']}.yaml") for each in identities[:2]]
    add = f"aks pod-identity add --resource-group rg --cluster-name {CLUSTER} --namespace my-app"

    for result in az.together(
        *(f"{APPLY} --file {file}" for file in files), f"{add} --identity-resource-id {identities[2]['id']}"
    ):
        result.ok()

    assert set(entries(simulator)) == {"one", "two", "three"}


def test_apply_skip_role_assignment(
    az: AzureCli, simulator: Simulator, cluster: Wire, identity: Wire, tmp_path: Path
) -> None:
    file = write(tmp_path, [binding(identity)])

    message = az(f"{APPLY} --file {file} --skip-role-assignment").failed()

    assert commands_in(message)[0].startswith("az role assignment create")
    assert not simulator.requests.matching("PUT", "roleAssignments")
    simulator.seed.role_assignment(identity["id"], principal_id(cluster))
    az(f"{APPLY} --file {file} --skip-role-assignment").ok()


def test_apply_unchanged_grants_roles_of_new_cluster_identity(
    az: AzureCli, simulator: Simulator, tmp_path: Path
) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.remove_role_assignments(identity["id"])
    file = write(tmp_path, [binding(identity)])

    az(f"{APPLY} --file {file} --skip-role-assignment").ok()
    assert not simulator.requests.matching("PUT")
    result = az(f"{APPLY} --file {file}").ok()

    assert [grant.status for grant in simulator.requests.matching("PUT", ROLE_PATH)] == [201]
    assert not simulator.requests.matching("PUT", CLUSTER_PATH)
    assert any("already up to date" in warning for warning in result.warnings)
