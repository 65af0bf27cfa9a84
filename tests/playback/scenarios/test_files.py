# SPDX-License-Identifier: MIT
"""Pod identities in files: apply and export."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.playback.scenario import Scenario
from tests.support.entry_files import binding, names, text_of

AGENTS = {"namespace": "my-app", "name": "agents", "podLabels": {"app": "agent"}}
OPEN_SOURCE = """\
apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentity
metadata: {{name: storage, namespace: my-app}}
spec: {{type: 0, resourceID: {0}, clientID: 00000000-0000-0000-0000-000000000000}}
---
apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentityBinding
metadata: {{name: storage-binding, namespace: my-app}}
spec: {{azureIdentity: storage, selector: my_selector}}
---
apiVersion: aadpodidentity.k8s.io/v1
kind: AzurePodIdentityException
metadata: {{name: agents, namespace: my-app}}
spec: {{podLabels: {{app: agent}}}}
"""


def entry(resource_id: str, name: str) -> dict[str, object]:
    """Return a pod identity in the format of a file."""
    return binding({"id": resource_id}, name)


def test_second_apply_changes_nothing(scenario: Scenario, tmp_path: Path) -> None:
    scenario.create_cluster()
    storage, database = scenario.create_identity("storage"), scenario.create_identity("database")
    file = tmp_path / "entries.yaml"
    file.write_text(text_of([entry(storage, "storage"), entry(database, "database")], [AGENTS]), "utf-8")

    assert names(scenario.pod_identity(f"apply --file {file}")) == {"added": ["database", "storage", "agents"]}

    again = scenario.pod_identity(f"apply --file {tmp_path}")  # the recording has no second write
    assert names(again) == {"unchanged": ["database", "storage", "agents"]}
    assert "No changes" in again.stderr


def test_prune_removes_unlisted_entries(scenario: Scenario, tmp_path: Path) -> None:
    scenario.create_cluster()
    storage, database = scenario.create_identity("storage"), scenario.create_identity("database")
    file = tmp_path / "entries.yaml"
    file.write_text(text_of([entry(storage, "app"), entry(database, "old")], [AGENTS]), "utf-8")
    scenario.pod_identity(f"apply --file {file}").ok()
    file.write_text(text_of([entry(database, "app")], [{**AGENTS, "podLabels": {"app": "another"}}]), "utf-8")

    looked = scenario.pod_identity(f"apply --file {file} --prune --dry-run --output table").ok()
    assert "- pod identity my-app/old" in looked.stderr
    assert [row.split()[0] for row in looked.stdout.splitlines()[2:]] == ["changed", "changed", "removed"]
    assert "--yes" in scenario.pod_identity(f"apply --file {file} --prune").failed()
    pruned = scenario.pod_identity(f"apply --file {file} --prune --yes")

    assert names(pruned) == {"changed": ["app", "agents"], "removed": ["old"]}
    assert "keeps its role over" in pruned.stderr
    assert storage in pruned.stderr


def test_export_and_apply_round_trip(scenario: Scenario, tmp_path: Path) -> None:
    scenario.create_cluster()
    identity = scenario.create_identity("storage")
    manifests = tmp_path / "manifests.yaml"
    manifests.write_text(OPEN_SOURCE.format(identity), "utf-8")
    assert names(scenario.pod_identity(f"apply --file {manifests}")) == {"added": ["storage", "agents"]}
    exported = scenario.pod_identity("export").ok().stdout
    scenario.update_cluster("--disable-pod-identity --yes").ok()
    scenario.update_cluster("--enable-pod-identity").ok()

    (tmp_path / "exported.yaml").write_text(exported, "utf-8")
    scenario.pod_identity(f"apply --file {tmp_path / 'exported.yaml'}").ok()

    assert yaml.safe_load(exported)["podIdentities"][0]["bindingSelector"] == "my_selector"
    assert scenario.pod_identity("export").ok().stdout == exported
    assert scenario.pod_identity("export --output json").ok().json == yaml.safe_load(exported)
    rows = scenario.pod_identity("export --output table").ok().stdout.splitlines()[2:]
    assert [row.split()[:3] for row in rows] == [
        ["podIdentity", "my-app", "storage"],
        ["exception", "my-app", "agents"],
    ]
