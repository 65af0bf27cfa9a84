# SPDX-License-Identifier: MIT

from __future__ import annotations

import json

import pytest
import yaml
from azure.cli.core.azclierror import InvalidArgumentValueError
from hypothesis import given
from hypothesis import strategies as st

from azext_podidentity.migration import kubernetes_objects
from azext_podidentity.migration.kubernetes_objects import read_objects
from azext_podidentity.migration.yaml_text import dump
from tests.support.builders import Json
from tests.support.json_strategies import json_values
from tests.support.kubernetes_objects import account, workload

objects = st.builds(lambda value: {"apiVersion": "v1", "kind": "Thing", "value": value}, json_values)


def wires(text: str, source: str = "some.yaml") -> list[Json]:
    return [dict(each.raw) for each in read_objects(text, source)]


@given(st.lists(objects, max_size=4))
def test_yaml_and_json_forms_parse_equally(written: list[Json]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": written}
    texts = [yaml.safe_dump_all(written), yaml.safe_dump(listed), json.dumps(listed), json.dumps(listed, indent=2)]
    assert [wires(text) for text in texts] == [written] * len(texts)


def test_nested_and_typed_lists() -> None:
    inner = {"apiVersion": "apps/v1", "kind": "DeploymentList", "items": [{"metadata": {"name": "web"}}]}
    read = wires(json.dumps({"apiVersion": "v1", "kind": "List", "items": [inner, account()]}))
    assert read == [{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}, account()]


def test_other_documents_are_ignored() -> None:
    text = "---\n# a comment\n---\nreplicas: 3\n---\n- a\n---\nkind: 3\napiVersion: v1\n---\nkind: Kustomization\n"
    assert wires(text) == []
    assert wires("") == wires('{"name": "package"}') == wires("[1]") == []


def test_objects_have_origin() -> None:
    text = f"# first line\n---\n{yaml.safe_dump(account())}---\n\n{yaml.safe_dump(workload())}"
    lines = [text.count("\n", 0, text.index(start)) + 1 for start in ("apiVersion: v1", "apiVersion: apps/v1")]
    assert [str(each.origin) for each in read_objects(text, "web.yaml")] == [f"web.yaml:{line}" for line in lines]
    assert [str(each.origin) for each in read_objects(json.dumps(account()), "-")] == ["standard input"]


@pytest.mark.parametrize(
    ("text", "source", "position"),
    [
        ("kind: A\napiVersion: v1\ndata: {{ .Values.password }}\n", "web.yaml", "web.yaml:3"),
        ("a: 1\n---\nb: c: hunter2\n", "web.yaml", "web.yaml:3"),
        ('{"a":\n hunter2}', "web.json", "web.json:2"),
        ('{"kind": "List", "items": [', "-", "standard input:1"),
        ("a: \x00", "web.yaml", "web.yaml:1"),
        ('a: "\\UFFFFFFFF"', "web.yaml", "web.yaml:1"),
        ("a: !!python/object/apply:os.system [ls]", "web.yaml", "web.yaml:1"),
        ("a: &x [*y]", "web.yaml", "web.yaml:1"),
        ("[" * 100_000, "web.yaml", "web.yaml"),
        ("a: " + "[" * 100_000, "web.yaml", "web.yaml:1"),
    ],
)
def test_unreadable_file_error_names_line_without_content(text: str, source: str, position: str) -> None:
    with pytest.raises(InvalidArgumentValueError) as caught:
        read_objects(text, source)
    message = caught.value.error_msg
    assert f"--workloads {position} cannot be read. " in message
    assert "hunter2" not in message
    assert "password" not in message
    assert len(message) < 200


def test_too_long_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes_objects, "MAX_CHARACTERS", 10)
    with pytest.raises(InvalidArgumentValueError, match="11 characters"):
        read_objects("a: 12345678", "web.yaml")


def test_exponential_aliases_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(InvalidArgumentValueError, match="aliases expand"):
        read_objects("kind: A\napiVersion: v1\n" + "\n".join(lines), "web.yaml")
    with pytest.raises(InvalidArgumentValueError, match="aliases expand"):
        read_objects("kind: A\napiVersion: v1\na: &a [*a]", "web.yaml")


def test_scalars_are_typed_as_kubectl_does() -> None:
    text = "kind: A\napiVersion: v1\ndate: 2020-01-02\ntime: 12:30:45\nnumber: 12\n"
    (read,) = read_objects(text, "web.yaml")
    assert (read.raw["date"], read.raw["time"], read.raw["number"]) == ("2020-01-02", "12:30:45", 12)
    for value in (
        "y",
        "n",
        "on",
        "1e3",
        "0o14",
        "12:30",
        "2020-01-02",
        "",
        "~",
        "null",
        "0x1F",
        "1_000",
        "a: b",
        "\ta",
    ):
        assert json.loads(json.dumps(yaml.safe_load(dump([{"a": value}])))) == {"a": value}
        assert f'"{value}"' in dump([{"a": value}]).replace("\\t", "\t")
