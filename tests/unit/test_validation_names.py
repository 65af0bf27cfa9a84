# SPDX-License-Identifier: MIT

from __future__ import annotations

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support import grammars as g
from tests.support.builders import CHECKS, text_of

VALID = {"name": g.names | g.longest_names, "namespace": g.namespaces, "selector": g.label_values}
EXAMPLES = {"name": "my-pod-identity", "namespace": "my-app", "selector": "my_selector"}
LONGEST = {"name": 253, "namespace": 63, "selector": 63}
# Characters allowed inside a value, but not at its start or end.
INNER = {"name": "-.", "namespace": "-", "selector": "-_."}
# Characters that only the other grammars allow.
FOREIGN = {"name": "_/AZ", "namespace": "_./AZ", "selector": "/="}


def refused(kind: str, value: str) -> str:
    """Return the error for a value. Assert that it shows the value and a valid example."""
    with pytest.raises(InvalidArgumentValueError) as caught:
        CHECKS[kind](value)
    assert repr(value) in caught.value.error_msg
    assert EXAMPLES[kind] in "\n".join(caught.value.recommendations)
    return str(caught.value.error_msg)


kinds = pytest.mark.parametrize("kind", CHECKS)


@kinds
@given(data=st.data())
def test_valid_value_is_returned(kind: str, data: st.DataObject) -> None:
    value = data.draw(VALID[kind])
    assert CHECKS[kind](value) == value


@kinds
def test_example_in_error_is_valid(kind: str) -> None:
    assert CHECKS[kind](EXAMPLES[kind]) == EXAMPLES[kind]


@kinds
@given(data=st.data())
def test_foreign_character_is_refused(kind: str, data: st.DataObject) -> None:
    value = data.draw(g.inserted(VALID[kind], g.FOREIGN + FOREIGN[kind]))
    refused(kind, value)


@kinds
@given(data=st.data())
def test_value_must_start_and_end_alphanumeric(kind: str, data: st.DataObject) -> None:
    value, end = data.draw(VALID[kind]), data.draw(st.sampled_from(INNER[kind]))
    refused(kind, end + value[1:])
    refused(kind, value[:-1] + end)


@kinds
@pytest.mark.parametrize("tail", ["\n", "\r\n", "\x00", " ", "\u2028"])
def test_trailing_white_space_is_refused(kind: str, tail: str) -> None:
    refused(kind, EXAMPLES[kind] + tail)


@kinds
@pytest.mark.parametrize("letter", g.LOOKALIKES)
def test_letters_of_other_scripts_are_refused(kind: str, letter: str) -> None:
    assert repr(letter) in refused(kind, letter) or "capital" in refused(kind, letter)


@kinds
def test_empty_value_is_refused(kind: str) -> None:
    assert "empty" in refused(kind, "")


@kinds
@pytest.mark.parametrize("extra", [1, 100_000])
def test_too_long_value_error_names_limit(kind: str, extra: int) -> None:
    CHECKS[kind]("a" * LONGEST[kind])
    said = refused(kind, "a" * (LONGEST[kind] + extra))
    assert f"{LONGEST[kind] + extra} characters" in said
    assert f"{LONGEST[kind]} are allowed" in said


@pytest.mark.parametrize("value", ["a..b", "a.-b", "a-.b", ".a", "a."])
def test_parts_of_name_must_be_labels(value: str) -> None:
    assert "part" in refused("name", value)


def test_underscore_in_name_suggests_selector() -> None:
    with pytest.raises(InvalidArgumentValueError) as caught:
        CHECKS["name"]("aso_manager_binding")
    assert "'_'" in caught.value.error_msg
    assert "--binding-selector" in text_of(caught.value)
    assert CHECKS["selector"]("aso_manager_binding") == "aso_manager_binding"


@kinds
@given(value=st.text(max_size=70))
@example("--name")
def test_arbitrary_value_matches_grammar(kind: str, value: str) -> None:
    """The expected result is computed character by character, as the grammar is documented."""
    allowed = set(g.DIGITS + g.LOWER + ("" if kind != "selector" else g.LETTERS) + INNER[kind])
    parts = value.split(".") if kind == "name" else [value]
    inner = set(INNER[kind])
    good = (
        0 < len(value) <= LONGEST[kind]
        and set(value) <= allowed
        and all(part and part[0] not in inner and part[-1] not in inner for part in parts)
    )
    if good:
        assert CHECKS[kind](value) == value
    else:
        refused(kind, value)
