# SPDX-License-Identifier: MIT
"""Objects that request tokens from the node agent because of a setting and not of a pod label.

Secrets Store CSI driver:
https://azure.github.io/secrets-store-csi-driver-provider-azure/docs/configurations/identity-access-modes/
KEDA: https://keda.sh/docs/latest/authentication-providers/azure-ad-workload-identity/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from azext_podidentity.migration.encoded_data import DATA_FIELDS
from azext_podidentity.migration.json_values import mapping, text
from azext_podidentity.migration.kubernetes_objects import KubernetesObject, Origin
from azext_podidentity.migration.pod_spec import asks_imds, read_nested_pod_spec
from azext_podidentity.migration.workloads import ObjectKey

SECRET_PROVIDER_CLASS = "SecretProviderClass"
TRIGGER_AUTHENTICATIONS = frozenset({"TriggerAuthentication", "ClusterTriggerAuthentication"})
# Kinds with scripts that pods of other objects run.
_WITH_SCRIPTS = frozenset({"Task", "ClusterTask", "StepAction", "Pipeline", "ClusterWorkflowTemplate"})
_POD_IDENTITY_PROVIDER, _WORKLOAD_PROVIDER = "azure", "azure-workload"
# Settings in mounted configuration that make programs sign in with the instance metadata service: the azure.json of
# external-dns, Application Gateway Ingress Controller, Flux and azcopy.
_SETTINGS = re.compile(
    r"useManagedIdentityExtension\W{1,4}true|\baadPodIdentity\b"
    r"|ARM_USE_MSI\W{1,4}true|AZURE_AUTH_METHOD\W{1,4}msi|AZCOPY_AUTO_LOGIN_TYPE\W{1,4}msi",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class NodeAgentUser:  # pylint: disable=too-many-instance-attributes
    """A SecretProviderClass or TriggerAuthentication with the provider Azure.

    `uses_pod_identity`: whether it requests tokens from the node agent. `client_id`: the client ID in its spec.
    """

    key: ObjectKey
    api_version: str
    origin: Origin
    uses_pod_identity: bool
    client_id: str | None = None
    names_namespace: bool = True
    live: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def resource(self) -> str:
        """The name of its resource type for kubectl."""
        plural = "secretproviderclasses" if self.is_secret_provider_class else f"{self.key.kind.lower()}s"
        return f"{plural}.{self.api_version.partition('/')[0]}"

    @property
    def is_secret_provider_class(self) -> bool:
        """Return whether it is a SecretProviderClass, which pods mount, and not an object of KEDA."""
        return self.key.kind == SECRET_PROVIDER_CLASS

    def spec_change(self, client_id: str | None, *, identity_binding: bool = False) -> dict[str, Any]:
        """Return the change of the spec with which it uses workload identity with that client ID.

        `identity_binding`: whether to use an identity binding, which the CSI driver calls the Azure token proxy.
        https://azure.github.io/secrets-store-csi-driver-provider-azure/docs/configurations/identity-access-modes/identity-binding-mode/
        """
        if self.is_secret_provider_class:
            proxy = {"useAzureTokenProxy": "true"} if identity_binding else {}
            return {"parameters": {"usePodIdentity": "false", "clientID": client_id, **proxy}}
        identity = {"identityId": client_id} if client_id else {}
        return {"podIdentity": {"provider": _WORKLOAD_PROVIDER, **identity}}


def read_node_agent_user(key: ObjectKey, each: KubernetesObject) -> NodeAgentUser | None:
    """Return the SecretProviderClass or TriggerAuthentication in an object, None for another kind or provider."""
    spec, metadata = mapping(each.raw.get("spec")), mapping(each.raw.get("metadata"))
    if key.kind == SECRET_PROVIDER_CLASS and spec.get("provider") == "azure":
        parameters = mapping(spec.get("parameters"))
        uses = text(parameters.get("usePodIdentity")).lower() == "true"
        client_id = text(parameters.get("clientID")) or None
    elif key.kind in TRIGGER_AUTHENTICATIONS:
        identity = mapping(spec.get("podIdentity"))
        uses = identity.get("provider") == _POD_IDENTITY_PROVIDER
        client_id = text(identity.get("identityId")) or None
    else:
        return None
    live = bool(metadata.get("uid"))
    return NodeAgentUser(
        key=key,
        api_version=str(each.raw.get("apiVersion")),
        origin=each.origin,
        uses_pod_identity=uses,
        client_id=client_id,
        names_namespace=bool(metadata.get("namespace")),
        live=live,
        raw={} if live else each.raw,
    )


def sign_in_settings(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of scripts and settings that sign in with the instance metadata service.

    They are keys of a ConfigMap or Secret, whose data is decoded, or the spec of another object.
    """
    if raw.get("kind") in ("ConfigMap", "Secret"):
        data = [item for name in DATA_FIELDS for item in mapping(raw.get(name)).items()]
        return tuple(str(key) for key, value in data if isinstance(value, str) and _signs_in(f"{key}={value}"))
    if raw.get("kind") in _WITH_SCRIPTS and read_nested_pod_spec(raw.get("spec")).imds:
        return ("spec",)
    if raw.get("kind") == "HelmRelease":
        return ("spec.values",) if _signs_in(str(mapping(mapping(raw.get("spec")).get("values")))) else ()
    return ()


def _signs_in(value: str) -> bool:
    return asks_imds(value) or _SETTINGS.search(value) is not None
