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
# What may stand inside a value of the grammar but neither begin nor end it.
INNER = {"name": "-.", "namespace": "-", "selector": "-_."}
# What another of the three grammars allows and this one does not.
FOREIGN = {"name": "_/AZ", "namespace": "_./AZ", "selector": "/="}


def refused(kind: str, value: str) -> str:
    """What is said of a value that is refused; AssertionError where it does not show the value and a right one."""
    with pytest.raises(InvalidArgumentValueError) as caught:
        CHECKS[kind](value)
    assert repr(value) in caught.value.error_msg
    assert EXAMPLES[kind] in "\n".join(caught.value.recommendations)
    return str(caught.value.error_msg)


kinds = pytest.mark.parametrize("kind", CHECKS)


@kinds
@given(data=st.data())
def test_accepts_and_returns_what_the_grammar_makes(kind: str, data: st.DataObject) -> None:
    value = data.draw(VALID[kind])
    assert CHECKS[kind](value) == value


@kinds
def test_accepts_its_own_example(kind: str) -> None:
    assert CHECKS[kind](EXAMPLES[kind]) == EXAMPLES[kind]


@kinds
@given(data=st.data())
def test_refuses_one_foreign_character_anywhere(kind: str, data: st.DataObject) -> None:
    value = data.draw(g.inserted(VALID[kind], g.FOREIGN + FOREIGN[kind]))
    refused(kind, value)


@kinds
@given(data=st.data())
def test_refuses_an_end_that_is_no_letter_or_digit(kind: str, data: st.DataObject) -> None:
    value, end = data.draw(VALID[kind]), data.draw(st.sampled_from(INNER[kind]))
    refused(kind, end + value[1:])
    refused(kind, value[:-1] + end)


@kinds
@pytest.mark.parametrize("tail", ["\n", "\r\n", "\x00", " ", "\u2028"])
def test_refuses_what_a_file_or_a_paste_leaves_at_the_end(kind: str, tail: str) -> None:
    refused(kind, EXAMPLES[kind] + tail)


@kinds
@pytest.mark.parametrize("letter", g.LOOKALIKES)
def test_refuses_letters_and_digits_of_other_scripts(kind: str, letter: str) -> None:
    assert repr(letter) in refused(kind, letter) or "capital" in refused(kind, letter)


@kinds
def test_refuses_nothing_at_all(kind: str) -> None:
    assert "empty" in refused(kind, "")


@kinds
@pytest.mark.parametrize("extra", [1, 100_000])
def test_refuses_one_character_too_many_and_says_how_many_are_allowed(kind: str, extra: int) -> None:
    CHECKS[kind]("a" * LONGEST[kind])
    said = refused(kind, "a" * (LONGEST[kind] + extra))
    assert f"{LONGEST[kind] + extra} characters" in said
    assert f"{LONGEST[kind]} are allowed" in said


@pytest.mark.parametrize("value", ["a..b", "a.-b", "a-.b", ".a", "a."])
def test_each_part_of_a_name_is_a_label(value: str) -> None:
    assert "part" in refused("name", value)


def test_an_underscore_in_a_name_is_pointed_to_the_selector() -> None:
    with pytest.raises(InvalidArgumentValueError) as caught:
        CHECKS["name"]("aso_manager_binding")
    assert "'_'" in caught.value.error_msg
    assert "--binding-selector" in text_of(caught.value)
    assert CHECKS["selector"]("aso_manager_binding") == "aso_manager_binding"


@kinds
@given(value=st.text(max_size=70))
@example("--name")
def test_says_yes_or_explains_and_never_breaks(kind: str, value: str) -> None:
    """The oracle: letter by letter, as the grammar's prose says it."""
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
