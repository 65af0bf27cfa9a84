# SPDX-License-Identifier: MIT
"""Select the kinds of objects to read from a cluster, for a migration or a check of its pods."""

from __future__ import annotations

from collections.abc import Iterable

from azext_podidentity.migration.pod_templates import TABLE

# `check` reads these only if a pod uses an identity binding.
FOR_BINDING_ROLES = ("clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io")
# In addition to the kinds with pod templates: kinds that workloads refer to, that select pods, that contain templates
# or scripts, or that connect pods to their controllers.
_OTHERS = (
    "serviceaccounts",
    "configmaps",
    "services",
    "poddisruptionbudgets.policy",
    "networkpolicies.networking.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
    *FOR_BINDING_ROLES,
    "secretproviderclasses.secrets-store.csi.x-k8s.io",
    "triggerauthentications.keda.sh",
    "clustertriggerauthentications.keda.sh",
    "azureidentities.aadpodidentity.k8s.io",
    "azureidentitybindings.aadpodidentity.k8s.io",
    "helmreleases.helm.toolkit.fluxcd.io",
    "kustomizations.kustomize.toolkit.fluxcd.io",
    "applications.argoproj.io",
    "applicationsets.argoproj.io",
    "clusterworkflowtemplates.argoproj.io",
    "revisions.serving.knative.dev",
    "tasks.tekton.dev",
    "pipelines.tekton.dev",
    "triggertemplates.triggers.tekton.dev",
    "broadcastjobs.apps.kruise.io",
    "advancedcronjobs.apps.kruise.io",
    "uniteddeployments.apps.kruise.io",
)
# In addition to the kinds with pod templates: kinds that decide which managed identities a pod gets.
_DECIDING = (
    "nodes",
    "serviceaccounts",
    "azureidentities.aadpodidentity.k8s.io",
    "azureidentitybindings.aadpodidentity.k8s.io",
    "azureassignedidentities.aadpodidentity.k8s.io",
    "azurepodidentityexceptions.aadpodidentity.k8s.io",
)
_BUILTIN_SUFFIX = ".k8s.io"
API_RESOURCES = ("api-resources", "--verbs=list", "--output", "name")


def _with_templates(*others: str) -> tuple[str, ...]:
    templates = (each.resource if each.custom or not each.group else f"{each.resource}.{each.group}" for each in TABLE)
    return tuple(dict.fromkeys((*templates, *others)))


# The names of the resources in the form of `kubectl api-resources --output name`.
FOR_MIGRATION = _with_templates(*_OTHERS)
FOR_POD_CHECKS = _with_templates(*_DECIDING)


def choose_resources(
    served: Iterable[str], to_read: Iterable[str] = FOR_MIGRATION
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the resources to read among those that the cluster serves, and the custom ones that are not read."""
    names = [line.strip() for line in served if line.strip()]
    wanted = set(to_read)
    read = tuple(name for name in names if name in wanted)
    others = (name for name in names if name not in wanted and _is_custom(name))
    return read, tuple(sorted(others))


def get_arguments(resources: Iterable[str]) -> tuple[str, ...]:
    """Return the arguments of kubectl that print all objects of the resources."""
    return ("get", ",".join(resources), "--all-namespaces", "--output", "json")


def in_cluster_command(to_read: Iterable[str] = FOR_MIGRATION) -> str:
    """Return a shell command that prints all objects of the resources in `to_read` that the cluster serves."""
    listed = f"kubectl {' '.join(API_RESOURCES)} | grep -xE '{'|'.join(to_read)}' | paste -sd, -"
    return f"kubectl get $({listed}) --all-namespaces --output json"


# Prints everything for --workloads. A kubectl get that names a kind which the cluster does not serve prints nothing.
KUBECTL_GET = in_cluster_command(dict.fromkeys((*FOR_MIGRATION, *FOR_POD_CHECKS)))


def _is_custom(name: str) -> bool:
    group = name.partition(".")[2]
    return "." in group and not group.endswith(_BUILTIN_SUFFIX)
