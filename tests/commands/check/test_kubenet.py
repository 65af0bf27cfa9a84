# SPDX-License-Identifier: MIT
"""Test the kubenet findings of `check`, and the commands that assign the policy that drops NET_RAW."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from azext_podidentity.profile.net_raw_policy import DEFINITION
from azure_simulator import Simulator
from development.kubernetes_api import kubernetes_api
from development.paths import ROOT
from tests.support.azure_cli import CLUSTER, GROUP, ON_CLUSTER, AzureCli, commands_in
from tests.support.faults import FORBIDDEN, forbidden

CHECK = f"aks pod-identity check {ON_CLUSTER}"
BUILTIN = f"/providers/Microsoft.Authorization/policyDefinitions/{DEFINITION}"
INITIATIVE = "/providers/Microsoft.Authorization/policySetDefinitions/baseline"
ADD_ON = {"azurepolicy": {"enabled": True}}


def found(az: AzureCli) -> tuple[str, str]:
    """Severity and message of what is found about the policy."""
    findings = az(CHECK).ok().json
    (finding,) = [each for each in findings if each["check"] == "net-raw-policy"]
    return finding["severity"], finding["message"]


def test_recommended_commands_protect_cluster(each_az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.policy_definition(BUILTIN, displayName="allowed capabilities", parameters={})
    simulator.seed.cluster(GROUP, CLUSTER, network_plugin="kubenet")
    assert found(each_az)[0] == "warning"

    query = "[?check=='net-raw-policy'].command"
    each_az.paste(each_az(f'{CHECK} --query "{query}" --output tsv').ok().stdout)

    severity, message = found(each_az)
    assert severity == "info"
    assert "'drop-net-raw' drops the NET_RAW capability" in message


def test_initiative_of_subscription(az: AzureCli, simulator: Simulator) -> None:
    cluster = simulator.seed.cluster(GROUP, CLUSTER, network_plugin="kubenet", addonProfiles=ADD_ON)
    passed = {"effect": {"value": "[parameters('effect')]"}, "requiredDropCapabilities": {"value": ["NET_RAW"]}}
    uses = [{"policyDefinitionId": BUILTIN, "parameters": passed}]
    simulator.seed.policy_definition(INITIATIVE, policyDefinitions=uses, parameters={"effect": {"type": "String"}})
    subscription = cluster["id"].partition("/resourceGroups")[0]
    simulator.seed.policy_assignment(subscription, "audited", INITIATIVE, {"effect": "Audit"})
    assert "'audited' has the effect Audit" in found(az)[1]

    simulator.seed.policy_assignment(subscription, "denied", INITIATIVE, {"effect": "Deny"})

    assert found(az)[0] == "info"


def test_policies_unreadable(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, network_plugin="kubenet")
    simulator.faults.add(forbidden("GET", "policyAssignments$"))

    severity, message = found(az)

    assert severity == "warning"
    assert FORBIDDEN in message


@pytest.mark.parametrize("plugin", ["azure", "kubenet"])
def test_policies_read_only_if_needed(az: AzureCli, simulator: Simulator, plugin: str) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, network_plugin=plugin, pod_identity=plugin == "azure")
    az(CHECK).ok()
    assert simulator.requests.matching("GET", "policyAssignments") == []


def test_kubectl_accepts_documented_constraint(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "kubenet.md").read_text("utf-8")
    (constraint,) = [
        each for each in re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE) if "kind" in each
    ]
    file = tmp_path / "constraint.yaml"
    file.write_text(constraint)
    with kubernetes_api(tmp_path) as api:
        api.run("kubectl", "apply", "--filename", str(file))
        kept = api.get("K8sPSPCapabilities", "drop-net-raw", "")
    assert kept["spec"]["parameters"] == {"requiredDropCapabilities": ["NET_RAW"]}


def test_consent_prints_commands(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.policy_definition(BUILTIN, displayName="allowed capabilities", parameters={})
    simulator.seed.cluster(GROUP, CLUSTER, network_plugin="kubenet", pod_identity=False)

    result = az(
        f"aks update --resource-group {GROUP} --name {CLUSTER} "
        "--enable-pod-identity --enable-pod-identity-with-kubenet --output none"
    ).ok()

    assert len([each for each in commands_in(result.stderr) if "policy" in each]) == 2
    az.paste(result.stderr)
    assert found(az)[0] == "info"
