# SPDX-License-Identifier: MIT

from __future__ import annotations

import subprocess

import pytest
from azure.cli.core.azclierror import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from azext_podidentity._format import per_cluster, pod_identities_table
from azext_podidentity.arm.errors import ArmError
from azext_podidentity.profile.advice import Advice
from azext_podidentity.profile.entries import EntryKey
from azext_podidentity.profile.shell import command_line
from azext_podidentity.profile.text import printable, some_of
from tests.support.builders import http_error, identity_entry

HARMFUL = {
    "escape": "\x1b[31mred",
    "bell": "\x07",
    "return": "safe\rEVIL",
    "right-to-left": "a\u202eb",
    "isolate": "a\u2066b",
    "zero width": "a\u200bb",
    "line separator": "a\u2028b",
    "delete": "a\x7fb",
    "C1": "a\x9b31m",
}
harmful = pytest.mark.parametrize("text", HARMFUL.values(), ids=HARMFUL)


@given(st.text())
def test_printable_escapes_control_characters(text: str) -> None:
    assert printable(text, keep="").isprintable()
    assert printable(text).replace("\n", "").isprintable()


def test_printable_keeps_text_in_any_script() -> None:
    assert printable("Größe 値\nça") == "Größe 値\nça"


@harmful
def test_service_message_is_escaped(text: str) -> None:
    shown = str(ArmError.of(http_error(400, {"code": "Some", "message": text})))
    assert shown == f"(Some) {printable(text)}"
    assert shown.isprintable()


@harmful
def test_error_and_recommendations_are_escaped(text: str) -> None:
    error = Advice(text, (text,), (command_line("group", "show", "--name", text),)).error(ValidationError, text)
    assert all(line.isprintable() for part in (error.error_msg, *error.recommendations) for line in part.split("\n"))


@harmful
def test_table_cells_are_escaped(text: str) -> None:
    name = f"{text}\n\tsecond"
    (row,) = per_cluster(pod_identities_table)(
        {"podIdentityProfile": {"userAssignedIdentities": [identity_entry(EntryKey("ns", name))]}}
    )
    assert all(cell.isprintable() for cell in row.values())


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1, max_size=4))
def test_command_line_is_printable_and_exact(words: list[str]) -> None:
    line = command_line(*words)
    assert line.isprintable()
    script = f"az() {{ printf '%s\\0' \"$@\"; }}; {line}"
    ran = subprocess.run(["bash", "-c", script], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"})
    assert ran.stdout.decode("utf-8").split("\0")[:-1] == words


def test_some_of_shortens_long_list() -> None:
    assert some_of(["a", "b", "c"], 3) == "a, b, c"
    assert some_of(["a", "b", "c", "d"], 2) == "a, b, and 2 more"
