# SPDX-License-Identifier: MIT
"""Test the files of `az aks pod-identity apply`, and errors before any request."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import GROUP, AzureCli
from tests.support.cluster_state import entries, exceptions
from tests.support.entry_files import APPLY, Wire, binding, names, text_of, write

OPEN_SOURCE = """
apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentity
metadata: {{name: app, namespace: my-app}}
spec: {{type: 0, resourceID: {0}, clientID: 00000000-0000-0000-0000-000000000000}}
---
apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentityBinding
metadata: {{name: app-binding, namespace: my-app}}
spec: {{azureIdentity: app, selector: my_selector}}
---
apiVersion: aadpodidentity.k8s.io/v1
kind: AzurePodIdentityException
metadata: {{name: agents, namespace: my-app}}
spec: {{podLabels: {{app: node-agent}}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: aside}}
"""


def test_identity_name_in_cluster_subscription(
    each_az: AzureCli, simulator: Simulator, cluster: Wire, identity: Wire
) -> None:
    entry = {"namespace": "my-app", "name": "app", "identity": {"name": "app-identity", "resourceGroup": GROUP}}

    result = each_az(f"{APPLY} --file -", text_of([entry]))

    assert names(result) == {"added": ["app"]}
    bound = entries(simulator)["app"]["identity"]
    assert bound["resourceId"].lower() == identity["id"].lower()
    assert bound["objectId"] == identity["properties"]["principalId"]


def test_several_files_and_folder(az: AzureCli, simulator: Simulator, cluster: Wire, tmp_path: Path) -> None:
    one, two, three, four, five = (
        simulator.seed.managed_identity(GROUP, name) for name in ("one", "two", "three", "four", "five")
    )
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    write(folder, [binding(one)], name="b.yaml")
    write(folder, [binding(two)], name="a.YML")
    write(folder / "below", [binding(five)], name="c.yaml")
    (folder / "below" / "kustomization.yaml").write_text("resources: [c.yaml]\n")
    (folder / "README.md").write_text("No entries here.")
    file, last = write(tmp_path, [binding(three)]), write(tmp_path, [binding(four)], name="last.yaml")

    result = az(f"{APPLY} --file {folder} {file} -f {last}")

    assert names(result) == {"added": ["five", "four", "one", "three", "two"]}


def test_open_source_manifests(az: AzureCli, simulator: Simulator, cluster: Wire, identity: Wire) -> None:
    result = az(f"{APPLY} --file -", OPEN_SOURCE.format(identity["id"]))

    assert names(result) == {"added": ["app", "agents"]}
    assert entries(simulator)["app"]["bindingSelector"] == "my_selector"
    assert exceptions(simulator)["agents"]["podLabels"] == {"app": "node-agent"}
    assert "Kubernetes objects of other kinds are ignored: 1." in result.warnings


def test_all_errors_with_line_numbers(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "version: 1\n"
        "podIdentities:\n"
        "- namespace: My-App\n"
        "  name: app\n"
        "  nmae: app\n"
        "  identity: {resourceId: nonsense}\n"
    )
    (tmp_path / "b.yaml").write_text("version: 2\nexceptions: &a []\n")

    message = az(f"{APPLY} --file {tmp_path}").failed()

    for place in ("a.yaml:3: namespace 'My-App'", "a.yaml:5: ", "a.yaml:6: ", "b.yaml:2: anchors"):
        assert f"{tmp_path}/{place}" in message
    assert simulator.requests.all() == []


def test_too_many_entries(az: AzureCli, simulator: Simulator, identity: Wire) -> None:
    message = az(f"{APPLY} --file -", text_of(binding(identity, f"app-{number}") for number in range(201))).failed()

    assert "my-app/app-200 exceeds the limit of 200" in message
    assert simulator.requests.all() == []


@pytest.mark.parametrize("name", ["absent.yaml", "folder"])
def test_unreadable_files(az: AzureCli, simulator: Simulator, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()

    message = az(f"{APPLY} --file {tmp_path / name} {tmp_path}/absent-too").failed()

    assert f"{tmp_path / name}: " in message
    assert f"{tmp_path}/absent-too: No such file" in message
    assert simulator.requests.all() == []


def test_empty_stdin(az: AzureCli, simulator: Simulator) -> None:
    assert "standard input:1: is empty" in az(f"{APPLY} --file -", "").failed()
    assert simulator.requests.all() == []


def test_help_example_is_valid(az: AzureCli, simulator: Simulator, cluster: Wire) -> None:
    text = az("aks pod-identity apply --help").ok().stdout
    (example,) = re.findall(r"^ *version: 1\n.*?(?=^$)", text, re.MULTILINE | re.DOTALL)
    simulator.seed.resource_group("MyResourceGroup")
    simulator.seed.managed_identity("MyResourceGroup", "my-identity")
    subscription = cluster["id"].split("/")[2]
    example = example.replace("00000000-0000-0000-0000-000000000000", subscription)

    assert names(az(f"{APPLY} --file -", example)) == {"added": ["my-pod-identity", "agents"]}
