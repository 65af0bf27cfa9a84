from __future__ import annotations

from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.azclierror import (
    AzCLIError,
    InvalidArgumentValueError,
    MutuallyExclusiveArgumentError,
    RequiredArgumentMissingError,
)

from azext_podidentity import _validators as v
from tests.support.builders import identity_id


@pytest.mark.parametrize(
    ("validate", "argument", "good", "bad"),
    [
        (v.validate_name, "entry_name", "my.name", "my_name"),
        (v.validate_namespace, "entry_namespace", "my-app", "my.app"),
        (v.validate_binding_selector, "binding_selector", "My_selector", "my selector"),
        (v.validate_identity_resource_id, "identity_resource_id", identity_id(), "app-identity"),
    ],
)
def test_an_argument_is_left_as_it_is_or_refused(validate: Any, argument: str, good: str, bad: str) -> None:
    namespace = SimpleNamespace(**{argument: good})
    validate(namespace)
    assert vars(namespace) == {argument: good}
    with pytest.raises(InvalidArgumentValueError):
        validate(SimpleNamespace(**{argument: bad}))


@pytest.mark.parametrize(
    ("validate", "argument"),
    [
        (v.validate_name, "entry_name"),
        (v.validate_namespace, "entry_namespace"),
        (v.validate_binding_selector, "binding_selector"),
    ],
)
def test_an_argument_that_may_be_left_out_is_nothing_to_refuse_but_an_empty_one_is(
    validate: Any, argument: str
) -> None:
    validate(SimpleNamespace(**{argument: None}))
    with pytest.raises(InvalidArgumentValueError):
        validate(SimpleNamespace(**{argument: ""}))


def test_labels_become_a_dictionary() -> None:
    namespace = SimpleNamespace(pod_labels=["app=my-app", "tier="])
    v.validate_pod_labels(namespace)
    assert namespace.pod_labels == {"app": "my-app", "tier": ""}
    with pytest.raises(RequiredArgumentMissingError):
        v.validate_pod_labels(SimpleNamespace(pod_labels=[]))


@pytest.mark.parametrize(("role", "no_wait"), list(product([True, False], repeat=2)))
def test_a_role_is_not_removed_before_the_entry(role: bool, no_wait: bool) -> None:
    namespace = SimpleNamespace(delete_role_assignment=role, no_wait=no_wait)
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
        (False, True, False, RequiredArgumentMissingError),
        (True, False, True, MutuallyExclusiveArgumentError),
        (False, True, True, MutuallyExclusiveArgumentError),
        (True, True, True, MutuallyExclusiveArgumentError),
    ],
)
def test_the_flags_of_a_cluster(enable: bool, consent: bool, disable: bool, error: type[AzCLIError] | None) -> None:
    update = SimpleNamespace(
        enable_pod_identity=enable, enable_pod_identity_with_kubenet=consent, disable_pod_identity=disable
    )
    create = SimpleNamespace(enable_pod_identity=enable, enable_pod_identity_with_kubenet=consent)
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
    namespace = SimpleNamespace(aks_custom_headers=text)
    v.validate_aks_custom_headers(namespace)
    assert namespace.aks_custom_headers == headers


def test_headers_without_a_value_are_refused() -> None:
    with pytest.raises(InvalidArgumentValueError):
        v.validate_aks_custom_headers(SimpleNamespace(aks_custom_headers="A"))
