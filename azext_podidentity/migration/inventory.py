# SPDX-License-Identifier: MIT
"""Build the inventory of Kubernetes objects: workloads, pods, service accounts and other users of pod identity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_podidentity.migration import azure_identities
from azext_podidentity.migration.binding_roles import BindingRoles
from azext_podidentity.migration.encoded_data import with_decoded_data
from azext_podidentity.migration.json_values import mapping, sequence, strings
from azext_podidentity.migration.kubernetes_objects import KubernetesObject
from azext_podidentity.migration.label_mentions import mentions, selects_by_label
from azext_podidentity.migration.names import check_names
from azext_podidentity.migration.node_agent_users import NodeAgentUser, read_node_agent_user, sign_in_settings
from azext_podidentity.migration.pod_templates import BY_NAME, find_template, group_of, qualified_kind
from azext_podidentity.migration.running_pods import RunningPod, read_running_pod
from azext_podidentity.migration.workloads import (
    GENERATED,
    ObjectKey,
    ServiceAccount,
    Workload,
    has_no_replicas,
    is_finished,
    read_service_account,
    read_workload,
    workload_of_missing_owner,
)
from azext_podidentity.profile.entries import EntryKey, PodIdentity

DEFAULT_NAMESPACE = "default"
_TEMPLATE_HASH = "pod-template-hash"
_BINDING_KINDS = ("RoleBinding", "ClusterRoleBinding")


class Mention(NamedTuple):
    """An object or document that contains the label at places that this command does not understand."""

    subject: str
    namespace: str
    kind: str
    name: str
    places: tuple[str, ...]
    origin: str


@dataclass(frozen=True)
class Inventory:  # pylint: disable=too-many-instance-attributes
    """The inventory of the objects that were read.

    `pods`: running pods by the key of their workload. `stale_pods`: running pods with the binding label whose workload
    no longer has it. `finished`: finished pods and jobs with the label whose owner was not read. `mentions`: objects
    that contain the label elsewhere. `selecting`: objects that select pods by the label. `settings`: objects that
    configure a program to use the instance metadata service. `role_bindings`: by namespace and name of the service
    account. `binding_roles`: which service accounts can use which identity bindings. `pod_identities`: those of
    AzureIdentityBindings. `kinds_not_read`: the kinds of the cluster that were not read.
    """

    workloads: tuple[Workload, ...] = ()
    service_accounts: Mapping[tuple[str, str], ServiceAccount] = field(default_factory=dict)
    pods: Mapping[ObjectKey, tuple[RunningPod, ...]] = field(default_factory=dict)
    stale_pods: tuple[Workload, ...] = ()
    finished: tuple[Workload, ...] = ()
    node_agent_users: tuple[NodeAgentUser, ...] = ()
    mentions: tuple[Mention, ...] = ()
    selecting: tuple[ObjectKey, ...] = ()
    settings: tuple[tuple[ObjectKey, tuple[str, ...]], ...] = ()
    role_bindings: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    binding_roles: BindingRoles = field(default_factory=BindingRoles)
    pod_identities: tuple[PodIdentity, ...] = ()
    live: bool = False
    kinds_not_read: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        objects: Iterable[KubernetesObject],
        default_namespace: str = DEFAULT_NAMESPACE,
        kinds_not_read: Iterable[str] = (),
    ) -> Inventory:
        """Return the inventory of the objects. Objects without a namespace are in the default one.

        Objects that belong to a controller are not listed separately. Raise InvalidArgumentValueError if two objects
        with the same key differ, or if a name is not valid in Kubernetes.
        """
        return _Collector(objects, default_namespace, tuple(kinds_not_read)).inventory()

    def client_id(self, namespace: str, service_account: str) -> str | None:
        """Return the client ID in the annotation of a service account, None without one."""
        found = self.service_accounts.get((namespace, service_account))
        return found.client_id if found else None

    def possible_accounts(self, workload: Workload) -> tuple[str, ...]:
        """Return the service accounts that pods of the workload may run as.

        There are several if its parts name different ones, or if the pods of an owner that was not read do.
        """
        pods = self.pods.get(workload.key, ()) if workload.owner_missing else ()
        named = {workload.service_account, *workload.other_accounts, *(pod.service_account for pod in pods)}
        return tuple(sorted(named))


class _Collector:  # pylint: disable=too-few-public-methods
    """Build one inventory."""

    def __init__(
        self, objects: Iterable[KubernetesObject], default_namespace: str, kinds_not_read: tuple[str, ...]
    ) -> None:
        self._default_namespace = default_namespace
        self._kinds_not_read = kinds_not_read
        self._roots: dict[ObjectKey, ObjectKey] = {}
        self._found: dict[ObjectKey, KubernetesObject] = {}
        self._mentions: list[Mention] = []
        for each in objects:
            self._add(each)

    def _add(self, each: KubernetesObject) -> None:
        if "kind" not in each.raw:
            places = mentions(each.raw, None)
            self._mentions += [Mention(str(each.origin), "", "", "", places, str(each.origin))] if places else []
            return
        metadata = mapping(each.raw.get("metadata"))
        name = metadata.get("name") or f"{metadata.get('generateName') or ''}{GENERATED}"
        kind = qualified_kind(group_of(each.raw.get("apiVersion")), each.raw["kind"])
        key = ObjectKey(str(metadata.get("namespace") or self._default_namespace), kind, str(name))
        check_names(key, each)
        other = self._found.setdefault(key, each)
        if other is not each and other.raw != each.raw:
            raise InvalidArgumentValueError(
                f"--workloads: {key} is defined twice, with differences: {other.origin} and {each.origin}.",
                [
                    "Pass the objects of one environment only. If kustomize overlays create them, build one of them "
                    "and pass the file with --workloads:",
                    "kubectl kustomize FOLDER > objects.yaml",
                ],
            )

    def inventory(self) -> Inventory:
        roots: dict[ObjectKey, Workload] = {}
        finished: list[Workload] = []
        pods: dict[ObjectKey, list[RunningPod]] = defaultdict(list)
        labelled_pods: list[ObjectKey] = []
        for key, each in self._found.items():
            template = find_template(each.raw.get("apiVersion"), each.raw["kind"])
            if template is None or has_no_replicas(each.raw):
                continue
            root = self._root(key)
            known = root in self._found and self._is_workload(root)
            if is_finished(each.raw):
                if not known or root == key:
                    workload = read_workload(key, each, template)
                    finished += [workload] if workload.binding is not None else []
                continue
            if root == key:
                roots[key] = read_workload(key, each, template)
                if roots[key].live and key.kind == "Pod":
                    pods[key].append(read_running_pod(key, each.raw))
                continue
            if key.kind == "Pod":
                pod = read_running_pod(key, each.raw)
                pods[root].append(pod)
                if known and pod.labelled:
                    labelled_pods.append(key)
            if not known and (root not in roots or roots[root].binding is None):
                roots[root] = workload_of_missing_owner(root, read_workload(key, each, template))
        stale = [self._pod(key) for key in labelled_pods if not _has_label(roots.get(self._root(key)))]
        return self._complete(roots, pods, stale, finished)

    def _complete(
        self,
        roots: Mapping[ObjectKey, Workload],
        pods: Mapping[ObjectKey, list[RunningPod]],
        stale: list[Workload],
        finished: list[Workload],
    ) -> Inventory:
        accounts: dict[tuple[str, str], ServiceAccount] = {}
        users: list[NodeAgentUser] = []
        selecting: list[ObjectKey] = []
        settings: list[tuple[ObjectKey, tuple[str, ...]]] = []
        bindings: dict[tuple[str, str], list[str]] = defaultdict(list)
        for key, each in self._found.items():
            if key.kind == "ServiceAccount":
                accounts[key.namespace, key.name] = read_service_account(key, each)
            if (user := read_node_agent_user(key, each)) is not None:
                users.append(user)
            if key.kind in _BINDING_KINDS:
                for account in _bound_accounts(key, each.raw):
                    bindings[account].append(key.short)
            if self._is_represented(key):
                continue
            decoded = with_decoded_data(each.raw)
            if names := sign_in_settings(decoded):
                settings.append((key, names))
            if selects_by_label(each.raw):
                selecting.append(key)
            else:
                template = find_template(each.raw.get("apiVersion"), each.raw["kind"])
                if places := mentions(decoded, template):
                    self._mentions.append(Mention(str(key), *key, places, str(each.origin)))
        identities = (
            (EntryKey(key.namespace, key.name), each.raw)
            for key, each in self._found.items()
            if azure_identities.is_azure_identity(each.raw)
        )
        return Inventory(
            workloads=tuple(roots[key] for key in sorted(roots)),
            service_accounts=accounts,
            pods={key: tuple(sorted(pods[key])) for key in pods},
            stale_pods=_ordered(stale),
            finished=_ordered(finished),
            node_agent_users=tuple(sorted(users, key=lambda each: each.key)),
            mentions=tuple(sorted(self._mentions)),
            selecting=tuple(sorted(selecting)),
            settings=tuple(sorted(settings)),
            role_bindings={account: tuple(sorted(names)) for account, names in bindings.items()},
            binding_roles=BindingRoles.of(each.raw for each in self._found.values()),
            pod_identities=azure_identities.pod_identities(identities),
            kinds_not_read=self._kinds_not_read,
            live=any(mapping(each.raw.get("metadata")).get("uid") for each in self._found.values()),
        )

    def _pod(self, key: ObjectKey) -> Workload:
        return read_workload(key, self._found[key], BY_NAME["Pod"])

    def _is_workload(self, key: ObjectKey) -> bool:
        raw = self._found[key].raw
        return find_template(raw.get("apiVersion"), raw["kind"]) is not None

    def _is_represented(self, key: ObjectKey) -> bool:
        """Return whether only the controller of an object counts: it was read, or has replaced the object."""
        root, raw = self._root(key), self._found[key].raw
        return root != key and (root in self._found or has_no_replicas(raw) or is_finished(raw))

    def _root(self, key: ObjectKey) -> ObjectKey:
        """Return the topmost controller of an object, whether it was read or not."""
        if key not in self._roots:
            seen, root = {key}, key
            while root in self._found and (owner := self._owner(root)) is not None and owner not in seen:
                seen.add(owner)
                root = owner
            self._roots[key] = root
        return self._roots[key]

    def _owner(self, key: ObjectKey) -> ObjectKey | None:
        """Return the controller of the object, and the deployment for a replica set that was not read."""
        metadata = mapping(self._found[key].raw.get("metadata"))
        for reference in map(mapping, sequence(metadata.get("ownerReferences"))):
            if not reference.get("controller"):
                continue
            kind = qualified_kind(group_of(reference.get("apiVersion")), str(reference.get("kind")))
            owner = ObjectKey(key.namespace, kind, str(reference.get("name")))
            if owner.kind == "ReplicaSet" and owner not in self._found:
                template_hash = strings(metadata.get("labels")).get(_TEMPLATE_HASH, "")
                deployment = ObjectKey(key.namespace, "Deployment", owner.name.removesuffix(f"-{template_hash}"))
                return deployment if deployment in self._found else owner
            return owner
        return None


def _has_label(workload: Workload | None) -> bool:
    return workload is not None and workload.binding is not None


def _bound_accounts(key: ObjectKey, raw: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the namespaces and names of the service accounts in a role binding."""
    subjects = map(mapping, sequence(raw.get("subjects")))
    return {
        (str(each.get("namespace") or key.namespace), str(each.get("name")))
        for each in subjects
        if each.get("kind") == "ServiceAccount"
    }


def _ordered(workloads: Iterable[Workload]) -> tuple[Workload, ...]:
    return tuple(sorted(workloads, key=lambda each: each.key))
