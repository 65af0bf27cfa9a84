# SPDX-License-Identifier: MIT
"""The code contains no host, audience or suffix of one cloud; az supplies those of the current one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import azext_podidentity
from azext_podidentity.migration.binding_roles import API_GROUP

FOLDER = Path(azext_podidentity.__file__).parent
# Documentation, which is the same in every cloud, like the API group of identity bindings in Kubernetes.
DOCUMENTATION = re.compile(
    r"https://(?:learn\.microsoft\.com|azure\.github\.io|github\.com|kubernetes\.io|helm\.sh|fluxcd\.io|keda\.sh|"
    r"argo-(?:cd|rollouts|workflows)\.readthedocs\.io|openkruise\.io|prometheus-operator\.dev|tekton\.dev|volcano\.sh)/"
)
OF_ONE_CLOUD = re.compile(
    r"https?://|\b[\w-]+\.(?:azure|windows|microsoftonline|chinacloudapi|usgovcloudapi)\.(?:com|net|cn|us|de)\b|"
    r"management\.core|/\.default\b|AzureCloud",
    re.IGNORECASE,
)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_code_contains_no_cloud_endpoints(path: Path) -> None:
    text = DOCUMENTATION.sub("", path.read_text("utf-8")).replace(API_GROUP, "")

    assert OF_ONE_CLOUD.findall(text) == []


@pytest.mark.parametrize(
    "text", ["https://management.azure.com", "login.microsoftonline.com", "x.windows.net", "AzureCloud"]
)
def test_pattern_finds_cloud_endpoints(text: str) -> None:
    assert OF_ONE_CLOUD.search(text)
