# SPDX-License-Identifier: MIT
"""Test `az aks pod-identity export`."""

from __future__ import annotations

import json

import yaml

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, GROUP, AzureCli, sent
from tests.support.cluster_state import entries, exceptions, pod_exception, principal_id, seed_entries
from tests.support.entry_files import APPLY, EXPORT, Wire, names

SERVICE = pod_exception("aks-addon-exception", {"kubernetes.azure.com/managedby": "aks"}, "kube-system")


def fill(simulator: Simulator) -> dict[str, Wire]:
    """A cluster with entries in no order; returns the managed identities by name."""
    others = [pod_exception("z", {"tier": "1.10", "app": "yes"}), SERVICE, pod_exception("a", None, "another")]
    return seed_entries(simulator, "two", "one", exceptions=others)


def test_export_apply_export_is_stable(each_az: AzureCli, simulator: Simulator) -> None:
    identities = fill(simulator)
    exported = each_az(EXPORT).ok().stdout
    assert sent(simulator) == ["GET managedClusters"]
    cluster = simulator.seed.cluster(GROUP, CLUSTER)
    for identity in identities.values():
        simulator.seed.role_assignment(identity["id"], principal_id(cluster))

    applied = each_az(f"{APPLY} --file -", exported)

    assert names(applied) == {"added": ["one", "two", "a", "z"]}
    assert set(entries(simulator)) == {"one", "two"}
    assert set(exceptions(simulator)) == {"a", "z"}
    assert each_az(EXPORT).ok().stdout == exported


def test_export_text_is_sorted(az: AzureCli, simulator: Simulator) -> None:
    identities = fill(simulator)

    exported = az(EXPORT).ok().stdout

    assert yaml.safe_load(exported) == {
        "version": 1,
        "podIdentities": [
            {"namespace": "my-app", "name": name, "identity": {"resourceId": identities[name]["id"]}}
            for name in ("one", "two")
        ],
        "exceptions": [
            {"namespace": "another", "name": "a", "podLabels": {}},
            {"namespace": "my-app", "name": "z", "podLabels": {"app": "yes", "tier": "1.10"}},
        ],
    }
    assert names(az(f"{APPLY} --file -", exported)).keys() == {"unchanged"}


def test_export_failed_entry_has_comment(az: AzureCli, simulator: Simulator) -> None:
    fill(simulator)
    whole = az(EXPORT).ok().stdout
    simulator.faults.fail_operation("AddonTrouble", "The add-on\ncould not be reconciled.")
    az(
        f"aks pod-identity delete --resource-group {GROUP} --cluster-name {CLUSTER} --namespace my-app --name two"
    ).failed()

    exported = az(EXPORT).ok().stdout

    comment = "# In state Failed; applying the file retries it: The add-on could not be reconciled.\n"
    assert exported == whole.replace("- namespace: my-app\n  name: two", f"{comment}- namespace: my-app\n  name: two")


def test_export_other_output_formats(az: AzureCli, simulator: Simulator) -> None:
    fill(simulator)
    exported = az(EXPORT).ok().stdout
    document = yaml.safe_load(exported)

    assert json.loads(az(f"{EXPORT} -o json").ok().stdout) == document
    assert az(f"{EXPORT} --output yaml").ok().stdout == exported
    assert json.loads(az(f"{EXPORT} --query podIdentities").ok().stdout) == document["podIdentities"]
    assert az(f"{EXPORT} -o none").ok().stdout == ""
    rows = az(f"{EXPORT} --out table").ok().stdout.splitlines()[2:]
    assert [row.split(maxsplit=3) for row in rows] == [
        ["podIdentity", "my-app", "one", "one, one"],
        ["podIdentity", "my-app", "two", "two, two"],
        ["exception", "another", "a"],
        ["exception", "my-app", "z", "app=yes tier=1.10"],
    ]


def test_export_add_on_never_enabled(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)

    assert yaml.safe_load(az(EXPORT).ok().stdout) == {"version": 1, "podIdentities": [], "exceptions": []}


def test_export_unknown_cluster(az: AzureCli) -> None:
    assert "aks list" in az(EXPORT).failed(3)
