# SPDX-License-Identifier: MIT
"""Test `az aks pod-identity check`: it finds each reported problem, and its commands fix it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, GROUP, ON_CLUSTER, POD_IDENTITY, AzureCli, Result
from tests.support.cluster_state import entries, pod_exception, pod_identity, principal_id, profile_of, seed_entries
from tests.support.faults import FORBIDDEN, forbidden

CHECK = f"aks pod-identity check {ON_CLUSTER}"
Seed = Callable[[Simulator], object]


def findings(az: AzureCli, severity: str = "") -> list[dict[str, str]]:
    """What is found, of one severity or of all."""
    found: list[dict[str, str]] = az(CHECK).ok().json
    return [each for each in found if severity in ("", each["severity"])]


def fix(az: AzureCli) -> None:
    """Run the commands of all errors in their order, with a yes to what the host asks."""
    commands = "\n".join(each["command"] for each in findings(az, "error") if each["command"])
    az.paste(commands.replace("--enable-managed-identity", "--enable-managed-identity --yes"))


def recreate(simulator: Simulator, identity: dict[str, Any]) -> None:
    simulator.remove_managed_identity(identity["id"])
    simulator.seed.managed_identity(GROUP, identity["name"])


def role_at_the_group(simulator: Simulator) -> None:
    """Report 2: the cluster identity has its role at the resource group alone."""
    identity = seed_entries(simulator, "app")["app"]
    simulator.remove_role_assignments(identity["id"])
    group = identity["id"].rpartition("/providers/")[0]
    simulator.seed.role_assignment(group, principal_id(simulator.cluster(GROUP, CLUSTER)), "Contributor")


def role_gone(simulator: Simulator) -> None:
    simulator.remove_role_assignments(seed_entries(simulator, "healthy", "broken")["broken"]["id"])


def identity_gone(simulator: Simulator) -> None:
    """Report 3: the managed identity was deleted, and its entry ended Failed."""
    broken = seed_entries(simulator, "healthy", "broken")["broken"]
    simulator.remove_managed_identity(broken["id"])


def identity_recreated(simulator: Simulator) -> None:
    """Report 4: the managed identity was deleted and created again under its name."""
    recreate(simulator, seed_entries(simulator, "healthy", "broken")["broken"])


def service_principal(simulator: Simulator) -> None:
    """Report 6."""
    simulator.seed.cluster(GROUP, CLUSTER, identity="ServicePrincipal", pod_identity=False)


def kubenet(simulator: Simulator) -> None:
    """Report 7."""
    simulator.seed.cluster(GROUP, CLUSTER, network_plugin="kubenet", pod_identity=False)


def add_on_off(simulator: Simulator) -> None:
    """Report 9, or a cluster that finished its migration: the add-on is off and nothing is left."""
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity={})


def role_of_a_group(simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.remove_role_assignments(identity["id"])
    group = simulator.seed.group(principal_id(simulator.cluster(GROUP, CLUSTER)))
    simulator.seed.role_assignment(identity["id"], group)


def feature_gone(simulator: Simulator) -> None:
    """Report 12."""
    seed_entries(simulator, "app")
    simulator.seed.feature("EnablePodIdentityPreview", "NotRegistered")


def any_label(simulator: Simulator) -> None:
    """Report 13: one selector over two identities, and an exception with two labels."""
    identities = [simulator.seed.managed_identity(GROUP, name) for name in ("one", "two")]
    profile = {
        "enabled": True,
        "userAssignedIdentities": [pod_identity(each, each["name"], bindingSelector="both") for each in identities],
        "userAssignedIdentityExceptions": [
            pod_exception("agents", {"app": "x", "tier": "y"}),
            pod_exception("aks-addon-exception", {"a": "b", "c": "d"}, "kube-system"),
        ],
    }
    cluster = simulator.seed.cluster(GROUP, CLUSTER, pod_identity=profile)
    for each in identities:
        simulator.seed.role_assignment(each["id"], principal_id(cluster))


REPORTS: dict[str, tuple[Seed, list[tuple[str, str, str]]]] = {
    "2": (role_at_the_group, [("info", "managed-identity-role", "my-app/app")]),
    "3": (identity_gone, [("error", "managed-identity-missing", "my-app/broken")]),
    "4": (identity_recreated, [("error", "managed-identity-recreated", "my-app/broken")]),
    "12": (feature_gone, [("error", "feature-registration", "cluster")]),
    "13": (
        any_label,
        [("info", "shared-selector", "my-app/one, my-app/two"), ("info", "exception-matches-any", "my-app/agents")],
    ),
    "role of a group": (role_of_a_group, [("info", "managed-identity-role", "my-app/app")]),
    "no role": (role_gone, [("error", "managed-identity-role", "my-app/broken")]),
}
DEPRECATION = ("info", "deprecation", "cluster")
UNUSED: dict[str, tuple[Seed, list[str]]] = {
    "6": (service_principal, ["cluster-identity", "add-on"]),
    "7": (kubenet, ["network-plugin", "add-on"]),
    "9": (add_on_off, ["add-on"]),
}


@pytest.mark.parametrize("report", REPORTS)
def test_reported_problems(az: AzureCli, simulator: Simulator, report: str) -> None:
    seed, expected = REPORTS[report]
    seed(simulator)

    found = findings(az)

    assert [(each["severity"], each["check"], each["subject"]) for each in found] == [*expected, DEPRECATION]
    assert not [request.method for request in simulator.requests.all() if request.method != "GET"]


@pytest.mark.parametrize("report", UNUSED)
def test_cluster_without_add_on(az: AzureCli, simulator: Simulator, report: str) -> None:
    seed, expected = UNUSED[report]
    seed(simulator)

    result = az(f"{CHECK} --fail-on warning").ok()

    assert [(each["severity"], each["check"]) for each in result.json] == [("info", check) for check in expected]
    assert result.json[-1]["command"] is None


@pytest.mark.parametrize("report", ["3", "4", "12", "no role"])
def test_recommended_commands_fix_errors(az: AzureCli, simulator: Simulator, report: str) -> None:
    REPORTS[report][0](simulator)

    fix(az)

    assert findings(az, "error") == []
    assert profile_of(simulator)["enabled"] is True
    assert all(each["provisioningState"] == "Assigned" for each in entries(simulator).values())


def test_failed_entry(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator)
    identity = simulator.seed.managed_identity(GROUP, "app")
    simulator.faults.fail_entry("my-app", "app", "SomeCode", "Some words.")
    az(f"aks pod-identity add {POD_IDENTITY} --identity-resource-id {identity['id']}").failed()

    (finding,) = findings(az, "error")

    assert (finding["check"], finding["subject"]) == ("entry-state", "my-app/app")
    assert finding["message"].endswith("is in state Failed: (SomeCode) Some words.")
    fix(az)
    assert findings(az, "error") == []


def test_entries_blocking_each_other(az: AzureCli, simulator: Simulator) -> None:
    names = [f"broken-{number}" for number in range(4)]
    identities = seed_entries(simulator, "healthy", "anew", "no-role", *names)
    for name in names:
        simulator.remove_managed_identity(identities[name]["id"])
    recreate(simulator, identities["anew"])
    simulator.remove_role_assignments(identities["no-role"]["id"])
    az(f"aks pod-identity delete {POD_IDENTITY} --name {' '.join(names)}").failed()

    broken = [each["subject"] for each in findings(az, "error") if each["check"] == "managed-identity-missing"]
    assert broken == [f"my-app/{name}" for name in names]
    fix(az)

    assert findings(az, "error") == []
    assert list(entries(simulator)) == ["healthy", "no-role", "anew"]


def test_one_read_per_resource(each_az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "one", "two", exceptions=[pod_exception("agents", {"app": "x"})])

    result = each_az(CHECK).ok()

    assert [each["check"] for each in result.json] == ["deprecation"]
    assert result.stderr == ""
    asked = sorted(f"{each.method} {each.path.rpartition('/providers/')[2]}" for each in simulator.requests.all())
    assert asked == [
        "GET Microsoft.Authorization/roleAssignments",
        "GET Microsoft.Authorization/roleAssignments",
        "GET Microsoft.ContainerService",
        "GET Microsoft.ContainerService/features/EnablePodIdentityPreview",
        "GET Microsoft.ContainerService/managedClusters/cluster",
        "GET Microsoft.ManagedIdentity/userAssignedIdentities/one",
        "GET Microsoft.ManagedIdentity/userAssignedIdentities/two",
    ]


def test_identity_of_other_subscription(az: AzureCli, simulator: Simulator) -> None:
    elsewhere = simulator.seed.managed_identity(GROUP, "app", simulator.second_subscription_id)
    profile = {"enabled": True, "userAssignedIdentities": [pod_identity(elsewhere, "app")]}
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=profile)

    (finding,) = findings(az, "error")

    assert finding["check"] == "managed-identity-role"
    fix(az)
    assert findings(az, "error") == []


def test_unreadable_resources_are_findings(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "one", "two")
    for path in ("userAssignedIdentities/[^/]+$", "roleAssignments$", "/features/", "/Microsoft.ContainerService$"):
        simulator.faults.add(forbidden("GET", path, times=2))

    found = findings(az, "warning")

    assert sorted((each["check"], each["subject"]) for each in found) == [
        ("feature-registration", "cluster"),
        ("managed-identity-unreadable", "my-app/one, my-app/two"),
        ("provider-registration", "cluster"),
        ("role-unreadable", "my-app/one, my-app/two"),
    ]
    assert all(FORBIDDEN in each["message"] for each in found)


@pytest.mark.usefixtures("cluster")
def test_unreadable_cluster(az: AzureCli, simulator: Simulator) -> None:
    simulator.faults.add(forbidden("GET", "managedClusters"))

    assert FORBIDDEN in az(CHECK).failed()


def test_unknown_cluster(az: AzureCli) -> None:
    assert "ResourceNotFound" in az(f"{CHECK} --fail-on error").failed(3)


def ended(result: Result) -> tuple[int, int]:
    """The exit code and the number of findings that were printed all the same."""
    assert "Traceback" not in result.stderr
    return result.exit_code, len(json.loads(result.stdout))


def test_fail_on_sets_exit_code(each_az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", exceptions=[pod_exception("nothing", {})])

    assert ended(each_az(CHECK)) == (0, 2)
    assert ended(each_az(f"{CHECK} --fail-on error")) == (0, 2)
    failing = each_az(f"{CHECK} --fail-on warning --only-show-errors")
    assert ended(failing) == (1, 2)
    assert failing.stderr.startswith("ERROR: 1 of 2 findings have the severity warning or worse (--fail-on).")
    assert each_az(f"{CHECK} --fail-on warning --output none").failed(1)


def test_fail_on_includes_worse_severity(az: AzureCli, simulator: Simulator) -> None:
    role_gone(simulator)

    assert ended(az(f"{CHECK} --fail-on warning")) == (1, 2)
    assert ended(az(f"{CHECK} --fail-on error")) == (1, 2)
    assert "info" in az(f"{CHECK} --fail-on info").failed(2)


def test_table_width_and_pasteable_commands(az: AzureCli, simulator: Simulator) -> None:
    role_gone(simulator)

    table = az(f"{CHECK} --output table").ok().stdout

    head, _, first, *_ = table.splitlines()
    assert head.split() == ["Severity", "Subject", "Message"]
    assert first.split()[:2] == ["error", "my-app/broken"]
    rows, _, commands = table.partition("\nSuggested commands:\n")
    assert max(map(len, rows.splitlines())) <= 100
    errors, _, _ = commands.partition("# info:")
    paste_into_shell(az, errors)
    assert findings(az, "error") == []


def paste_into_shell(az: AzureCli, command: str) -> None:
    """Runs lines of text as a shell does, in which `az` is the az under test."""
    environment = az.shell_environment()
    subprocess.run(["sh", "-ec", command], env=environment, cwd=environment["HOME"], check=True, capture_output=True)


def test_commands_by_query(az: AzureCli, simulator: Simulator) -> None:
    role_gone(simulator)

    query = "[?severity=='error' && command].command"
    az.paste(az(f'{CHECK} --query "{query}" --output tsv').ok().stdout)

    assert findings(az, "error") == []


def test_binding_of_deleted_identity(az: AzureCli, simulator: Simulator) -> None:
    features: dict[str, Any] = {
        "oidcIssuerProfile": {"enabled": True, "issuerURL": "https://issuer/"},
        "securityProfile": {"workloadIdentity": {"enabled": True}},
    }
    app = seed_entries(simulator, "app", **features)["app"]
    other = simulator.seed.managed_identity(GROUP, "other")
    simulator.seed.identity_binding(GROUP, CLUSTER, "fine", app["id"])
    simulator.seed.identity_binding(GROUP, CLUSTER, "gone", other["id"])
    simulator.remove_managed_identity(other["id"])

    (error,) = findings(az, "error")
    assert (error["check"], "'gone'" in error["message"]) == ("identity-binding-identity", True)
    az.paste(error["command"])
    assert not findings(az, "error")
    assert [each["name"] for each in simulator.identity_bindings(GROUP, CLUSTER)] == ["fine"]
