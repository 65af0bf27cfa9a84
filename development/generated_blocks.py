# SPDX-License-Identifier: MIT
"""Generate parts of hand-written pages: keys of a manifest, decisions of a migration, figures of benchmarks."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from azext_podidentity.manifest.schema import SCHEMA
from azext_podidentity.migration import binding_decisions, identity_decisions, user_decisions, workload_decisions
from azext_podidentity.migration.decision import Decision
from azext_podidentity.migration.inventory import Mention
from azext_podidentity.migration.kubernetes_objects import Origin
from azext_podidentity.migration.matching import Match
from azext_podidentity.migration.node_agent_users import NodeAgentUser
from azext_podidentity.migration.pod_spec import PodSpec
from azext_podidentity.migration.steps import IDENTITY_BINDING
from azext_podidentity.migration.workloads import ObjectKey, Workload
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, PodIdentity, PodIdentityException
from azext_podidentity.profile.identity_bindings import IdentityBinding
from azext_podidentity.profile.labels import BINDING_LABEL
from azext_podidentity.profile.validation import managed_identity_id
from azext_podidentity.profile.workload_credentials import MAX_CREDENTIALS, credential_for


def fill(page: str) -> str:
    """Return the text of a page with each of its blocks generated from the code or the figures of benchmarks."""
    from benchmarks.pages import blocks

    for name, make in {**_BLOCKS, **blocks()}.items():
        begin, end = f"<!-- made from {name} -->\n", "<!-- end -->"
        before, found, rest = page.partition(begin)
        if found:
            page = f"{before}{begin}\n{make()}\n{end}{rest.partition(end)[2]}"
    return page


def manifest_keys() -> str:
    """Return the keys of the file format as tables (Markdown)."""
    definitions = SCHEMA["definitions"]
    identity = definitions["podIdentity"]["properties"]["identity"]
    tables = {
        "The file": SCHEMA,
        "Each of `clusters`": definitions["clusterSelector"],
        "Each of `podIdentities`": definitions["podIdentity"],
        "`identity`": identity,
        "Each of `exceptions`": definitions["exception"],
    }
    return "".join(f"{title}:\n\n{_keys(schema)}\n" for title, schema in tables.items())


def _keys(schema: Mapping[str, Any]) -> str:
    rows = ["| key | required | value | description |", "| --- | --- | --- | --- |"]
    for key, part in schema["properties"].items():
        value = SCHEMA["definitions"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        required = "yes" if key in schema.get("required", ()) else ""
        rows.append(f"| `{key}` | {required} | {_value(value)} | {value['description']} |")
    return "".join(f"{row}\n" for row in rows)


def _value(schema: Mapping[str, Any]) -> str:
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    limit = f", at most {schema['maxLength']} characters" if "maxLength" in schema else ""
    return {"array": "a list", "object": "a mapping", "string": "text"}[schema["type"]] + limit


def migration_decisions() -> str:
    """Return the decisions of a plan with examples (Markdown)."""
    return "\n".join(
        _describe(each, (function.__doc__ or "").partition("\n")[0]) for function, each in decision_samples()
    )


def _describe(decision: Decision, summary: str) -> str:
    effect = " Its workloads are skipped until you decide." if decision.blocked_workloads else ""
    command = f"\n```sh\n{decision.command}\n```\n" if decision.command else ""
    return (
        f"### {decision.code}\n\n`{decision.severity}`: {summary}{effect}\n\n"
        f"* Subject: {decision.subject}\n* Reason: {decision.reason}\n* Resolution: {decision.resolution}\n{command}"
    )


def decision_samples() -> Iterator[tuple[Callable[..., Decision], Decision]]:
    """Yield each function that creates a decision, and a sample decision. Raise LookupError if there is no sample."""
    for module in DECISION_MODULES:
        makers = inspect.getmembers(module, inspect.isfunction)
        made = [each for _, each in makers if inspect.signature(each).return_annotation == "Decision"]
        for make in sorted(made, key=lambda each: each.__code__.co_firstlineno):
            yield make, make(*_ARGUMENTS[make.__name__])


DECISION_MODULES = (workload_decisions, user_decisions, identity_decisions, binding_decisions)
_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
_CLUSTER = ClusterReference("myResourceGroup", "myAKSCluster")
_IDENTITIES = [
    ManagedIdentity(managed_identity_id(_SUBSCRIPTION, "myIdentityResourceGroup", name), f"client ID of {name}")
    for name in ("storage-identity", "database-identity")
]
_STORAGE, _DATABASE = (
    PodIdentity(EntryKey("my-app", identity.resource_id.rpartition("/")[2].removesuffix("-identity")), identity)
    for identity in _IDENTITIES
)
_WEB = Workload(
    ObjectKey("my-app", "Deployment", "web"),
    "apps/v1",
    Origin("web.yaml"),
    labels={BINDING_LABEL: "storage"},
    pod=PodSpec(
        imds=("main",), flex_volumes=("secrets",), variables=("AZURE_CLIENT_ID",), host_network=True, affinity=True
    ),
    managed_by="the values of Helm release 'web'",
)
_JOB = replace(_WEB, key=ObjectKey("my-app", "CronJob", "report"))
_KEYS = (_WEB.key,)
_ACCOUNT = ("my-app", "web")
_WANTED = credential_for("https://issuer.example/", *_ACCOUNT)
_BINDING = IdentityBinding("another-binding", _IDENTITIES[0].resource_id, "0000-former", state="Failed")
_POD = replace(_WEB, key=ObjectKey("my-app", "Pod", "debug"))
_SECRETS = NodeAgentUser(
    ObjectKey("my-app", "SecretProviderClass", "secrets"),
    "secrets-store.csi.x-k8s.io/v1",
    Origin("secrets.yaml"),
    uses_pod_identity=True,
)
_TRIGGER = replace(_SECRETS, key=ObjectKey("my-app", "TriggerAuthentication", "queue"), api_version="keda.sh/v1alpha1")
_RELEASE = Mention(
    "HelmRelease my-app/web", "my-app", "HelmRelease", "web", ("spec.values.podLabels.aadpodidbinding",), "web.yaml"
)
_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "add_on_disabled": (_CLUSTER,),
    "affinity": (_WEB,),
    "binding_failed": (_CLUSTER, _IDENTITIES[0], _BINDING, _KEYS),
    "binding_outdated": (_CLUSTER, _IDENTITIES[0], _BINDING, _KEYS),
    "calls_imds": (_WEB,),
    "code_must_opt_in": (_WEB,),
    "conflicting_credential": (_IDENTITIES[0], _WANTED, credential_for("https://other.example/", *_ACCOUNT), _KEYS),
    "default_service_account": ("my-app", "storage", [Match(_WEB, (_STORAGE,))]),
    "enables_oidc_issuer": (_CLUSTER,),
    "environment_override": (_WEB,),
    "exception_without_effect": (PodIdentityException(EntryKey("monitoring", "agents"), {"app": "node-agent"}), []),
    "finished_workload": (_POD,),
    "flex_volume": (_WEB,),
    "former_issuer": (_CLUSTER, _IDENTITIES[0], "https://former.example/", [_WANTED]),
    "generated_name": (_WEB,),
    "kinds_not_read": ("myAKSCluster", ["widgets.example.com"]),
    "label_in_selector": (_WEB,),
    "label_not_understood": (_RELEASE,),
    "label_selected": (ObjectKey("my-app", "Service", "web"), _KEYS),
    "managed_by_tool": (_WEB,),
    "managed_identity_not_found": (_CLUSTER, _IDENTITIES[0].resource_id, _KEYS),
    "managed_identity_unreadable": (_IDENTITIES[0].resource_id, "(AuthorizationFailed) the service's words", _KEYS),
    "no_identity": (Match(_WEB, ()), [PodIdentity(EntryKey("other", "storage"), _IDENTITIES[0])]),
    "no_room_for_binding": (_IDENTITIES[0], _KEYS),
    "not_prepared": (_WEB, "1 of its 2 running pods have no token yet."),
    "other_client_id": (*_ACCOUNT, "0000-another", _IDENTITIES[0], _KEYS),
    "owner_not_read": (_WEB,),
    "pods_differ": (_WEB, ["web", "worker"]),
    "proxy_limits": (_WEB, ["Before Kubernetes 1.32, the sidecar keeps a job from ending."]),
    "proxy_not_possible": (_WEB, "it uses the host's network."),
    "recreate": (_POD, "kubectl delete pods debug --namespace my-app"),
    "role_bindings": ("my-app", "default", "storage", ["RoleBinding readers"]),
    "secret_provider_class_not_read": ("my-app", "secrets", _KEYS),
    "secret_provider_class_unclear": (_SECRETS, "its workloads use 2 managed identities.", _KEYS),
    "secrets_use_binding": (_WEB,),
    "several_accounts": (replace(_JOB, other_accounts=("executor",)),),
    "several_identities": (Match(_WEB, (_STORAGE, _DATABASE)),),
    "shared_service_account": (*_ACCOUNT, [Match(_WEB, (_STORAGE,)), Match(_JOB, (_DATABASE,))]),
    "shared_with_unlabelled": (*_ACCOUNT, [_JOB]),
    "signs_in_with_imds": (ObjectKey("my-app", "ConfigMap", "scripts"), ["upload.sh"]),
    "template_list": (_WEB,),
    "too_many_credentials": (
        _IDENTITIES[0],
        [_WANTED] * (MAX_CREDENTIALS - 1),
        3,
        _KEYS,
        _CLUSTER.pod_identity_command("migrate", "--target", IDENTITY_BINDING, "--identities", _IDENTITIES[0].name),
    ),
    "trigger_authentication_unclear": (_TRIGGER, "no workload 'keda-operator' was read.", ()),
    "trigger_on_identity_binding": (_TRIGGER, ()),
    "unused_identity": (_STORAGE,),
}
_BLOCKS = {"schema.json": manifest_keys, "decisions.py": migration_decisions}
