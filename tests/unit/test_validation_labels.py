# SPDX-License-Identifier: MIT

from __future__ import annotations

from random import Random

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError
from hypothesis import given
from hypothesis import strategies as st

from azext_podidentity.profile.validation import check_name, check_pod_labels, name_from_labels, parse_pod_labels
from tests.support import grammars as g

PREFIXED = st.builds("{}/{}".format, g.names, g.label_values)


def refused(argument: str) -> str:
    """Return the error for a label. Assert that it shows the label and a valid example."""
    with pytest.raises(InvalidArgumentValueError) as caught:
        parse_pod_labels(["app=my-app", argument])
    assert repr(argument) in caught.value.error_msg
    assert "app.kubernetes.io/part-of=my-shop" in "\n".join(caught.value.recommendations)
    return str(caught.value.error_msg)


@given(g.labels)
def test_valid_labels_are_parsed_unchanged(labels: dict[str, str]) -> None:
    read = parse_pod_labels([f"{key}={value}" for key, value in labels.items()])
    assert list(read.items()) == list(labels.items())
    assert check_pod_labels(labels) == labels


@given(g.inserted(g.label_keys, g.FOREIGN), g.label_values)
def test_foreign_character_in_key_is_refused(key: str, value: str) -> None:
    refused(f"{key}={value}")


@given(g.label_keys, g.inserted(g.label_values, g.FOREIGN + "="))
def test_foreign_character_in_value_is_refused(key: str, value: str) -> None:
    refused(f"{key}={value}")


@given(PREFIXED, st.sampled_from(["_{}", "A{}", "-{}", ".{}", "/{}", "{}.", "a..b"]))
def test_prefix_must_be_dns_subdomain(key: str, broken: str) -> None:
    prefix, _, name = key.partition("/")
    assert "prefix" in refused(f"{broken.format(prefix)}/{name}=v")


@given(st.sampled_from(["{}/", "/{}", "{}/a/b", ""]), g.names)
def test_key_with_missing_or_extra_part_is_refused(broken: str, name: str) -> None:
    refused(f"{broken.format(name)}=v")


@pytest.mark.parametrize("argument", ["app", "", "app:my-app", "my app"])
def test_argument_without_equals_sign_is_refused(argument: str) -> None:
    assert "'='" in refused(argument)


@pytest.mark.parametrize(
    ("form", "allowed"), [("{}=v", 63), ("k={}", 63), ("{}/k=v", 253)], ids=["key", "value", "prefix"]
)
def test_length_limits(form: str, allowed: int) -> None:
    parse_pod_labels([form.format("a" * allowed)])
    refused(form.format("a" * (allowed + 1)))


@given(g.label_keys, g.label_values, g.label_values)
def test_last_value_of_repeated_key_wins(key: str, value: str, other: str) -> None:
    assert parse_pod_labels([f"{key}={value}", f"{key}={other}"]) == {key: other}


@pytest.mark.parametrize("arguments", [None, []])
def test_empty_labels_are_refused(arguments: list[str] | None) -> None:
    with pytest.raises(RequiredArgumentMissingError) as caught:
        parse_pod_labels(arguments)
    assert "--pod-labels" in caught.value.error_msg
    assert "--pod-labels app=my-app" in "\n".join(caught.value.recommendations)


@given(st.text(max_size=80))
def test_arbitrary_argument_is_accepted_or_refused(argument: str) -> None:
    try:
        labels = parse_pod_labels([argument])
    except InvalidArgumentValueError as error:
        assert repr(argument) in error.error_msg
    else:
        assert [f"{key}={value}" for key, value in labels.items()] == [argument]


@given(g.labels, st.randoms())
def test_derived_name_is_independent_of_label_order(labels: dict[str, str], random: Random) -> None:
    shuffled = list(labels.items())
    random.shuffle(shuffled)
    assert name_from_labels(dict(shuffled)) == name_from_labels(labels)
    assert check_name(name_from_labels(labels))


@given(g.labels, g.labels)
def test_derived_name_differs_for_other_labels(labels: dict[str, str], others: dict[str, str]) -> None:
    assert (name_from_labels(labels) == name_from_labels(others)) == (labels == others)


def test_derived_name_is_stable() -> None:
    """A later run with the same labels must find the exception of an earlier run."""
    assert name_from_labels({"app": "my-app", "tier": "web"}) == "exception-4b2702a2"
