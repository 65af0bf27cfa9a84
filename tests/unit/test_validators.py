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
def test_an_argument_is_left_as_it_is_or_refused(validate: Any, argument: str, good: str, bad: str) -> None:
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
def test_an_argument_that_may_be_left_out_is_nothing_to_refuse_but_an_empty_one_is(
    validate: Any, argument: str
) -> None:
    validate(Namespace(**{argument: None}))
    with pytest.raises(InvalidArgumentValueError):
        validate(Namespace(**{argument: ""}))


def test_labels_become_a_dictionary() -> None:
    namespace = Namespace(pod_labels=["app=my-app", "tier="])
    v.validate_pod_labels(namespace)
    assert namespace.pod_labels == {"app": "my-app", "tier": ""}
    with pytest.raises(RequiredArgumentMissingError):
        v.validate_pod_labels(Namespace(pod_labels=[]))


@pytest.mark.parametrize(("role", "no_wait"), list(product([True, False], repeat=2)))
def test_a_role_is_not_removed_before_the_entry(role: bool, no_wait: bool) -> None:
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
def test_the_flags_of_a_cluster(enable: bool, consent: bool, disable: bool, error: type[AzCLIError] | None) -> None:
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
def test_headers_become_a_dictionary(text: str | None, headers: dict[str, str]) -> None:
    namespace = Namespace(aks_custom_headers=text)
    v.validate_aks_custom_headers(namespace)
    assert namespace.aks_custom_headers == headers


def test_headers_without_a_value_are_refused() -> None:
    with pytest.raises(InvalidArgumentValueError):
        v.validate_aks_custom_headers(Namespace(aks_custom_headers="A"))


def test_the_kubenet_flag_alone_is_an_error_of_create_and_a_warning_of_update(caplog: pytest.LogCaptureFixture) -> None:
    flags = {"enable_pod_identity": False, "enable_pod_identity_with_kubenet": True}
    with pytest.raises(RequiredArgumentMissingError):
        v.validate_cluster_flags(Namespace(**flags))
    v.validate_cluster_flags(Namespace(**flags, disable_pod_identity=False))
    assert "has no effect without --enable-pod-identity" in caplog.text


def test_empty_values_of_scripts_are_not_given() -> None:
    namespace = Namespace(entry_name="", binding_selector="")
    v.validate_optional_name(namespace)
    v.validate_binding_selector(namespace)
    assert namespace == Namespace(entry_name=None, binding_selector=None)
    of_add = Namespace(entry_names=["", "app\r"])
    v.validate_new_names(of_add)
    assert of_add == Namespace(entry_names=["app"])


def test_each_managed_identity_of_several_is_checked() -> None:
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
    ids=["not given", "empty", "given"],
)
def test_known_ids_are_given_together(client_id: str | None, object_id: str | None, expected: str | None) -> None:
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
        (known_ids(GUID, GUID, 2), MutuallyExclusiveArgumentError, "with one --identity-resource-id"),
    ],
)
def test_known_ids_that_cannot_be_used_are_refused(namespace: Namespace, error: type[AzCLIError], message: str) -> None:
    with pytest.raises(error) as caught:
        validate_known_ids(namespace)
    assert message in caught.value.error_msg


def test_a_trailing_carriage_return_is_removed() -> None:
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
def test_a_name_without_a_cluster_hints_at_the_option_that_names_the_cluster(command: str, az: AzParser) -> None:
    words = ["az", "aks", "pod-identity", *command.split(), "-g", "rg", "-n", "cluster"]
    with pytest.raises(RequiredArgumentMissingError) as caught:
        v.validate_cluster(az.parse(words))
    (hint,) = caught.value.recommendations
    assert hint.endswith("To name the cluster, pass: --cluster-name cluster")
    v.validate_cluster(az.parse([*words, "--cluster-name", "cluster"]))
