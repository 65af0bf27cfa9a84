# SPDX-License-Identifier: MIT
"""Extract from a pod spec what matters for a migration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from azext_podidentity.migration.json_values import mapping, sequence
from azext_podidentity.profile.labels import BINDING_LABEL

CLIENT_ID_VARIABLE = "AZURE_CLIENT_ID"
_PROXY_VARIABLE = "AZURE_KUBERNETES_TOKEN_PROXY"
TOKEN_VARIABLE = "AZURE_FEDERATED_TOKEN_FILE"
# The webhook of workload identity does not override these:
# https://azure.github.io/azure-workload-identity/docs/quick-start.html
_WEBHOOK_VARIABLES = (CLIENT_ID_VARIABLE, "AZURE_TENANT_ID", "AZURE_AUTHORITY_HOST", TOKEN_VARIABLE)
_SECRET_VARIABLES = ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH")
_CSI_DRIVER = "secrets-store.csi.k8s.io"
_FLEX_DRIVER = "azure/kv"
_CONTAINER_FIELDS = frozenset({"command", "args", "env", "script", "source"})
_VOLUME_FIELDS = frozenset({"csi", "flexVolume"})
_ACCOUNT_FIELDS = ("serviceAccountName", "serviceAccount", "taskServiceAccountName")
# A patch of the pod spec as text, in JSON or YAML: https://argo-workflows.readthedocs.io/en/latest/fields/#workflowspec
_PATCH_FIELD = "podSpecPatch"
_PATCHED_ACCOUNT = re.compile(r"""\bserviceAccount(?:Name)?["'\s:]+([^\s"',}]+)""")
# Texts in commands and settings that use the instance metadata service.
_IMDS = re.compile(
    r"169\.254\.169\.254|/metadata/identity\b|\baz\s+login\b[^\n;|&]*\s(?:--identity|-i)\b"
    r"|\bazcopy\s+login\b[^\n;|&]*--identity\b|(?i:\bConnect-AzAccount\b[^\n;|&]*\s-Identity\b)"
)
# Variables of azcopy, Flux and Terraform whose values make them use the instance metadata service.
_IMDS_VARIABLES = {"AZCOPY_AUTO_LOGIN_TYPE": "msi", "AZURE_AUTH_METHOD": "msi", "ARM_USE_MSI": "true"}


@dataclass(frozen=True)
class PodSpec:  # pylint: disable=too-many-instance-attributes
    """The parts of a pod spec that matter for a migration.

    `imds`: the containers that use the instance metadata service. `variables`: the environment variables that the
    webhook of workload identity does not override. `secret_variables`: the environment variables with which an SDK
    signs in with a secret. `secret_provider_classes`: those that its volumes mount. `affinity`: whether its affinity
    selects pods by the binding label.
    """

    imds: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    secret_variables: tuple[str, ...] = ()
    secret_provider_classes: tuple[str, ...] = ()
    flex_volumes: tuple[str, ...] = ()
    host_network: bool = False
    windows: bool = False
    init_containers: bool = False
    affinity: bool = False
    has_token: bool = False


def read_pod_spec(raw: Mapping[str, Any]) -> PodSpec:
    """Return the relevant parts of a pod spec in JSON."""
    containers = list(_containers(raw))
    variables = {name for container in containers for name, _ in _variables(container)}
    volumes = [mapping(each) for each in sequence(raw.get("volumes"))]
    classes = (
        mapping(mapping(each.get("csi")).get("volumeAttributes")).get("secretProviderClass")
        for each in volumes
        if mapping(each.get("csi")).get("driver") == _CSI_DRIVER
    )
    flex = (str(each.get("name")) for each in volumes if mapping(each.get("flexVolume")).get("driver") == _FLEX_DRIVER)
    selecting = (raw.get("affinity"), raw.get("topologySpreadConstraints"))
    return PodSpec(
        imds=tuple(sorted(str(each.get("name") or each.get("image")) for each in containers if _asks_imds(each))),
        variables=tuple(name for name in _WEBHOOK_VARIABLES if name in variables and name != TOKEN_VARIABLE),
        secret_variables=tuple(name for name in _SECRET_VARIABLES if name in variables),
        secret_provider_classes=tuple(sorted({str(each) for each in classes if each})),
        flex_volumes=tuple(sorted(flex)),
        host_network=raw.get("hostNetwork") is True,
        windows=_is_windows(raw),
        init_containers=bool(sequence(raw.get("initContainers"))),
        affinity=any(BINDING_LABEL in str(each) for each in selecting if each),
        has_token=TOKEN_VARIABLE in variables,
    )


def read_nested_pod_spec(raw: Any) -> PodSpec:
    """Return the relevant parts of all containers and volumes at any depth, for kinds without one pod spec."""
    found = list(_nested(raw))
    containers = [each for each in found if _CONTAINER_FIELDS & each.keys()]
    return read_pod_spec(
        {"containers": containers, "volumes": [each for each in found if _VOLUME_FIELDS & each.keys()]}
    )


def nested_accounts(raw: Any) -> frozenset[str]:
    """Return the names of all service accounts at any depth, also in patches of pod specs."""
    found = list(_nested(raw))
    patches = (each.get(_PATCH_FIELD) for each in found)
    patched = (name for patch in patches if isinstance(patch, str) for name in _PATCHED_ACCOUNT.findall(patch))
    named = (name for each in found for name in map(each.get, _ACCOUNT_FIELDS) if isinstance(name, str) and name)
    return frozenset((*named, *patched))


def _nested(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _nested(item)


def has_token(raw: Mapping[str, Any]) -> bool:
    """Return whether the pod spec has a token that the webhook of workload identity injected."""
    return any(name == TOKEN_VARIABLE for each in _containers(raw) for name, _ in _variables(each))


def has_token_proxy(raw: Mapping[str, Any]) -> bool:
    """Return whether the webhook injected the proxy of an identity binding into the pod.

    https://learn.microsoft.com/azure/aks/identity-bindings
    """
    return any(name == _PROXY_VARIABLE for each in _containers(raw) for name, _ in _variables(each))


def injected_client_id(raw: Mapping[str, Any]) -> str | None:
    """Return the client ID beside the token of a pod; None if it has none, or a value from elsewhere.

    The webhook injects an empty one if the service account has no annotation yet.
    """
    for container in _containers(raw):
        variables = {str(each.get("name")): each for each in map(mapping, sequence(container.get("env")))}
        found = variables.get(CLIENT_ID_VARIABLE)
        if TOKEN_VARIABLE in variables and found is not None and "valueFrom" not in found:
            return str(found.get("value") or "")
    return None


def asks_imds(text: str) -> bool:
    """Return whether a command or script uses the instance metadata service."""
    return _IMDS.search(text) is not None


def _containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("initContainers", "containers"):
        yield from map(mapping, sequence(spec.get(name)))


def _variables(container: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for each in map(mapping, sequence(container.get("env"))):
        yield str(each.get("name")), each.get("value")


def _asks_imds(container: Mapping[str, Any]) -> bool:
    scripts = (container.get("script"), container.get("source"))  # of Tekton and Argo Workflows
    words = [*sequence(container.get("command")), *sequence(container.get("args"))]
    variables = list(_variables(container))
    texts = [*words, " ".join(map(str, words)), *scripts, *(value for _, value in variables)]
    if any(asks_imds(text) for text in texts if isinstance(text, str)):
        return True
    return any(str(value).lower() == _IMDS_VARIABLES.get(name) for name, value in variables)


def _is_windows(spec: Mapping[str, Any]) -> bool:
    selected = mapping(spec.get("nodeSelector")).get("kubernetes.io/os")
    return "windows" in (mapping(spec.get("os")).get("name"), selected)
