# SPDX-License-Identifier: MIT

from __future__ import annotations

import textwrap

import pytest
from azure.cli.core.azclierror import ValidationError

from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, PodIdentity
from tests.support.builders import identity_id
from tests.support.manifest_texts import file_of, pod_identity, problems, read_text

IDENTITY = f"""\
apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentity
metadata:
  name: storage
  namespace: my-app
  annotations: {{aadpodidentity.k8s.io/Behavior: namespaced}}
spec:
  type: 0
  resourceID: {identity_id()}
  clientID: 00000000-0000-0000-0000-000000000000
"""
OTHER_IDENTITY = IDENTITY.replace(identity_id(), identity_id("other"))
BINDING = """\
apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentityBinding
metadata:
  name: storage-binding
  namespace: my-app
spec:
  azureIdentity: storage
  selector: uses_storage
"""
EXCEPTION = """\
apiVersion: aadpodidentity.k8s.io/v1
kind: AzurePodIdentityException
metadata: {name: agents, namespace: monitoring}
spec:
  podLabels: {app: node-agent}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: &name web}
spec: {replicas: !!int "1", replicas: 2, other: *name}
"""


def documents(*texts: str) -> str:
    return "---\n".join(texts)


def test_identity_with_binding_and_exception() -> None:
    manifest = read_text(documents(IDENTITY, BINDING, EXCEPTION))
    (entry,) = manifest.identities
    assert entry == PodIdentity(EntryKey("my-app", "storage"), ManagedIdentity(identity_id()), "uses_storage")
    (exception,) = manifest.exceptions
    assert (exception.key, exception.pod_labels) == (EntryKey("monitoring", "agents"), {"app": "node-agent"})
    (note,) = manifest.notes
    assert "only to pods in the same namespace" in note


def test_objects_across_files_and_formats() -> None:
    manifest = read_text(BINDING, file_of(pod_identity(name="own")), IDENTITY)
    assert [entry.key.name for entry in manifest.identities] == ["own", "storage"]


def test_list_is_unpacked() -> None:
    items = "".join(textwrap.indent(text, "  ").replace("  ", "- ", 1) for text in (IDENTITY, BINDING, EXCEPTION))
    assert read_text(f"apiVersion: v1\nkind: List\nitems:\n{items}") == read_text(
        documents(IDENTITY, BINDING, EXCEPTION)
    )


def test_keys_ignore_case() -> None:
    """The first versions of the project capitalized the keys."""
    early = documents(IDENTITY.replace("resourceID", "ResourceID"), BINDING.replace("azureI", "AzureI"))
    assert read_text(early) == read_text(documents(IDENTITY, BINDING))


def test_selector_equal_to_name_is_omitted() -> None:
    (entry,) = read_text(documents(IDENTITY, BINDING.replace("uses_storage", "storage"))).identities
    assert entry.binding_selector is None


def test_entry_per_binding_of_shared_identity() -> None:
    other = BINDING.replace("storage-binding", "other").replace("uses_storage", "x")
    found = read_text(documents(IDENTITY, BINDING, other)).identities
    assert [(entry.key.name, entry.effective_selector) for entry in found] == [
        ("storage-binding", "uses_storage"),
        ("other", "x"),
    ]


def test_identity_without_binding_is_reported() -> None:
    manifest = read_text(documents(IDENTITY, EXCEPTION))
    assert manifest.identities == ()
    assert "1.yaml:1: AzureIdentity my-app/storage is not applied" in manifest.notes[0]


@pytest.mark.parametrize(("type_", "name"), [("1", "secret"), ("2", "certificate")])
def test_service_principal_is_reported_and_skipped(type_: str, name: str) -> None:
    unsupported = IDENTITY.replace("type: 0", f"type: {type_}")
    manifest = read_text(documents(unsupported, BINDING, EXCEPTION))
    assert manifest.identities == ()
    assert len(manifest.exceptions) == 1
    assert f"my-app/storage is not applied, because it is a service principal with a {name}" in manifest.notes[0]
    with pytest.raises(ValidationError, match="because it is a service principal"):
        read_text(documents(unsupported, BINDING))


def test_equal_duplicates_are_applied_once() -> None:
    """A folder may have the manifests of several environments."""
    everything = documents(IDENTITY, BINDING, EXCEPTION)
    assert read_text(everything, everything) == read_text(everything)


def test_service_exception_is_reported_and_skipped() -> None:
    theirs = EXCEPTION.replace("agents", "aks-addon-exception").replace("monitoring", "kube-system")
    manifest = read_text(documents(EXCEPTION, theirs))
    assert [entry.key.name for entry in manifest.exceptions] == ["agents"]
    assert any("is managed by AKS" in note for note in manifest.notes)


def test_other_kinds_are_ignored() -> None:
    manifest = read_text(documents(DEPLOYMENT, EXCEPTION, DEPLOYMENT))
    assert len(manifest.exceptions) == 1
    assert manifest.notes == ("Kubernetes objects of other kinds are ignored: 2.",)


def test_only_other_kinds_are_refused() -> None:
    with pytest.raises(ValidationError, match="no pod identities"):
        read_text(DEPLOYMENT)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (documents(IDENTITY.replace("type: 0", "type: 9"), BINDING), 8, "9 is unknown"),
        (documents(IDENTITY.replace("  namespace: my-app\n", ""), EXCEPTION), 4, "metadata: namespace is missing"),
        (documents(IDENTITY.replace("name: storage", "name: yes"), EXCEPTION), 4, 'put it in quotes: "yes"'),
        (documents(IDENTITY.replace("  resourceID", "  ressourceID"), EXCEPTION), 8, "spec: resourceID is missing"),
        (documents(IDENTITY.replace("/subscriptions", "subscriptions"), EXCEPTION), 9, "is not the resource ID"),
        (documents(IDENTITY, BINDING.replace("azureIdentity: storage", "azureIdentity: other")), 18, "my-app/other"),
        (documents(IDENTITY, BINDING.replace("  namespace: my-app", "  namespace: other")), 18, "other/storage"),
        (documents(IDENTITY, BINDING.replace("uses_storage", "uses storage")), 19, "selector 'uses storage'"),
        (documents(IDENTITY, OTHER_IDENTITY, BINDING), 12, "defined twice, first at 1.yaml:1"),
        (documents(EXCEPTION, EXCEPTION.replace("node-agent", "x")), 7, "defined twice, first at 1.yaml:1"),
        (EXCEPTION.replace("{app: node-agent}", "{app: 1.10}"), 5, 'put it in quotes: "1.10"'),
        (EXCEPTION.replace("podLabels", "labels"), 5, "spec: podLabels is missing"),
    ],
)
def test_problems_name_line(text: str, line: int, said: str) -> None:
    found = problems(text)
    assert found[0].startswith(f"1.yaml:{line}: "), found
    assert said in found[0]
