# SPDX-License-Identifier: MIT

from __future__ import annotations

from argparse import Namespace
from itertools import product
from typing import Any

import pytest
from azure.cli.core.azclierror import (
    AzCLIError,
    InvalidArgumentValueError,
    MutuallyExclusiveArgumentError,
    RequiredArgumentMissingError,
)

from azext_podidentity import _validators as v
from azext_podidentity._validators_known_ids import validate_known_ids
from tests.support.az_parser import AzParser
from tests.support.builders import identity_id


@pytest.mark.parametrize(
    ("validate", "argument", "good", "bad"),
    [
        (v.validate_name, "entry_name", "my.name", "my_name"),
        (v.validate_namespace, "entry_namespace", "my-app", "my.app"),
        (v.validate_binding_selector, "binding_selector", "My_selector", "my selector"),
        (v.validate_new_identity, "identity_resource_id", identity_id(), "app-identity"),
    ],
)
def test_valid_and_invalid_arguments(validate: Any, argument: str, good: str, bad: str) -> None:
    namespace = Namespace(**{argument: good})
    validate(namespace)
    assert vars(namespace) == {argument: good}
    with pytest.raises(InvalidArgumentValueError):
        validate(Namespace(**{argument: bad}))


@pytest.mark.parametrize(
    ("validate", "argument"),
    [
        (v.validate_name, "entry_name"),
        (v.validate_namespace, "entry_namespace"),
    ],
)
def test_optional_argument_must_not_be_empty(validate: Any, argument: str) -> None:
    validate(Namespace(**{argument: None}))
    with pytest.raises(InvalidArgumentValueError):
        validate(Namespace(**{argument: ""}))


def test_labels_are_parsed() -> None:
    namespace = Namespace(pod_labels=["app=my-app", "tier="])
    v.validate_pod_labels(namespace)
    assert namespace.pod_labels == {"app": "my-app", "tier": ""}
    with pytest.raises(RequiredArgumentMissingError):
        v.validate_pod_labels(Namespace(pod_labels=[]))


@pytest.mark.parametrize(("role", "no_wait"), list(product([True, False], repeat=2)))
def test_delete_role_assignment_excludes_no_wait(role: bool, no_wait: bool) -> None:
    namespace = Namespace(delete_role_assignment=role, no_wait=no_wait)
    if role and no_wait:
        with pytest.raises(MutuallyExclusiveArgumentError):
            v.validate_delete(namespace)
    else:
        v.validate_delete(namespace)


@pytest.mark.parametrize(
    ("enable", "consent", "disable", "error"),
    [
        (False, False, False, None),
        (True, False, False, None),
        (True, True, False, None),
        (False, False, True, None),
        (True, False, True, MutuallyExclusiveArgumentError),
        (False, True, True, MutuallyExclusiveArgumentError),
        (True, True, True, MutuallyExclusiveArgumentError),
    ],
)
def test_cluster_flags(enable: bool, consent: bool, disable: bool, error: type[AzCLIError] | None) -> None:
    update = Namespace(
        enable_pod_identity=enable, enable_pod_identity_with_kubenet=consent, disable_pod_identity=disable
    )
    create = Namespace(enable_pod_identity=enable, enable_pod_identity_with_kubenet=consent)
    for namespace in [update] if disable else [update, create]:
        if error is None:
            v.validate_cluster_flags(namespace)
        else:
            with pytest.raises(error) as caught:
                v.validate_cluster_flags(namespace)
            assert caught.value.recommendations


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        (None, {}),
        ("", {}),
        ("A=1", {"A": "1"}),
        ("A=1, B=x", {"A": "1", "B": "x"}),
        ("A=1,A=2", {"A": "1,2"}),
    ],
)
def test_headers_are_parsed(text: str | None, headers: dict[str, str]) -> None:
    namespace = Namespace(aks_custom_headers=text)
    v.validate_aks_custom_headers(namespace)
    assert namespace.aks_custom_headers == headers


def test_header_without_value_is_refused() -> None:
    with pytest.raises(InvalidArgumentValueError):
        v.validate_aks_custom_headers(Namespace(aks_custom_headers="A"))


def test_kubenet_flag_without_enable(caplog: pytest.LogCaptureFixture) -> None:
    flags = {"enable_pod_identity": False, "enable_pod_identity_with_kubenet": True}
    with pytest.raises(RequiredArgumentMissingError):
        v.validate_cluster_flags(Namespace(**flags))
    v.validate_cluster_flags(Namespace(**flags, disable_pod_identity=False))
    assert "has no effect without --enable-pod-identity" in caplog.text


def test_empty_values_count_as_omitted() -> None:
    namespace = Namespace(entry_name="", binding_selector="")
    v.validate_optional_name(namespace)
    v.validate_binding_selector(namespace)
    assert namespace == Namespace(entry_name=None, binding_selector=None)
    of_add = Namespace(entry_names=["", "app\r"])
    v.validate_new_names(of_add)
    assert of_add == Namespace(entry_names=["app"])


def test_every_managed_identity_is_validated() -> None:
    namespace = Namespace(identity_resource_ids=[identity_id("a"), f"{identity_id('b')}\r"])
    v.validate_identity_resource_ids(namespace)
    assert namespace.identity_resource_ids == [identity_id("a"), identity_id("b")]
    with pytest.raises(InvalidArgumentValueError):
        v.validate_identity_resource_ids(Namespace(identity_resource_ids=[identity_id(), "b"]))


GUID = "00000000-0000-0000-0000-00000000000a"


def known_ids(client_id: str | None, object_id: str | None, many: int = 1) -> Namespace:
    ids = [identity_id(str(number)) for number in range(many)]
    return Namespace(client_id=client_id, object_id=object_id, identity_resource_ids=ids)


@pytest.mark.parametrize(
    ("client_id", "object_id", "expected"),
    [(None, None, None), ("", "", None), (GUID.upper(), f"{GUID}\r", GUID)],
    ids=["omitted", "empty", "given"],
)
def test_known_ids_are_normalized(client_id: str | None, object_id: str | None, expected: str | None) -> None:
    namespace = known_ids(client_id, object_id)
    validate_known_ids(namespace)
    assert (namespace.client_id, namespace.object_id) == (expected, expected)


@pytest.mark.parametrize(
    ("namespace", "error", "message"),
    [
        (known_ids(GUID, None), RequiredArgumentMissingError, "can only be used together"),
        (known_ids("", GUID), RequiredArgumentMissingError, "can only be used together"),
        (known_ids("my-app", GUID), InvalidArgumentValueError, "--client-id: 'my-app' is not a GUID."),
        (known_ids(GUID, "my-app"), InvalidArgumentValueError, "--object-id: 'my-app' is not a GUID."),
        (
            Namespace(client_id=GUID, object_id=GUID, identity_resource_id=None),
            RequiredArgumentMissingError,
            "those of a new managed identity",
        ),
        (known_ids(GUID, GUID, 2), MutuallyExclusiveArgumentError, "with one --identity-resource-id"),
    ],
)
def test_invalid_known_ids_are_refused(namespace: Namespace, error: type[AzCLIError], message: str) -> None:
    with pytest.raises(error) as caught:
        validate_known_ids(namespace)
    assert message in caught.value.error_msg


def test_trailing_carriage_return_is_removed() -> None:
    resource_id = (
        "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg"
        "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app"
    )
    namespace = Namespace(
        entry_name="app\r",
        entry_namespace="my-app\r",
        binding_selector="s\r",
        identity_resource_id=f"{resource_id}\r",
        pod_labels=["a=1\r"],
    )
    for validate in (
        v.validate_name,
        v.validate_namespace,
        v.validate_binding_selector,
        v.validate_new_identity,
        v.validate_pod_labels,
    ):
        validate(namespace)
    assert namespace == Namespace(
        entry_name="app",
        entry_namespace="my-app",
        binding_selector="s",
        identity_resource_id=resource_id,
        pod_labels={"a": "1"},
    )


@pytest.mark.parametrize("command", ["list", "exception list"])
def test_name_without_cluster_suggests_cluster_name(command: str, az: AzParser) -> None:
    words = ["az", "aks", "pod-identity", *command.split(), "-g", "rg", "-n", "cluster"]
    with pytest.raises(RequiredArgumentMissingError) as caught:
        v.validate_cluster(az.parse(words))
    (hint,) = caught.value.recommendations
    assert hint.endswith("To name the cluster, pass: --cluster-name cluster")
    v.validate_cluster(az.parse([*words, "--cluster-name", "cluster"]))
