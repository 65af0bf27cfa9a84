# SPDX-License-Identifier: MIT

from __future__ import annotations

import re

import fastjsonschema
import pytest
import yaml
from azure.cli.core.azclierror import AzCLIError, ValidationError
from hypothesis import given
from hypothesis import strategies as st

from azext_podidentity.manifest.parser import Manifest, parse_manifest
from azext_podidentity.manifest.schema import SCHEMA
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, PodIdentity, PodIdentityException
from azext_podidentity.profile.validation import check_binding_selector, check_name, check_namespace, check_pod_labels
from tests.support import grammars
from tests.support.builders import SUBSCRIPTION, identity_id
from tests.support.manifest_texts import file_of, pod_identity, problems, read_text

ANOTHER = "99999999-2222-3333-4444-555555555555"


def exception(labels: str) -> str:
    """Return a file with one exception and the labels in line 5."""
    return f"version: 1\nexceptions:\n- namespace: my-app\n  name: x\n  podLabels: {labels}\n"


def test_default_namespace() -> None:
    text = f"""\
version: 1
podIdentities:
- name: own
  namespace: other
  identity: {{resourceId: {identity_id()}}}
- name: app
  identity: {{resourceId: {identity_id()}}}
exceptions:
- name: agents
  podLabels: {{app: x}}
---
apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentity
metadata: {{name: bound}}
spec: {{type: 0, resourceID: {identity_id()}}}
---
apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentityBinding
metadata: {{name: binding}}
spec: {{azureIdentity: bound, selector: chosen}}
"""
    manifest = parse_manifest([("file.yaml", text.encode())], SUBSCRIPTION, "my-app")
    assert {str(each.key) for each in manifest.identities} == {"other/own", "my-app/app", "my-app/bound"}
    assert [str(each.key) for each in manifest.exceptions] == ["my-app/agents"]
    with pytest.raises(ValidationError, match="namespace is missing"):
        parse_manifest([("file.yaml", text.encode())], SUBSCRIPTION)


def test_control_characters_in_file_name_are_escaped() -> None:
    with pytest.raises(ValidationError) as caught:
        parse_manifest([("\x1b[31m\u202eevil.yaml", b'version: 1\npodIdentities: [{name: "\x07"}]\n')], SUBSCRIPTION)
    assert caught.value.error_msg.replace("\n", "").isprintable()
    assert "\\x1b[31m\\u202eevil.yaml:" in caught.value.error_msg


def test_all_forms_of_entries() -> None:
    manifest = read_text(
        f"""\
version: 1
podIdentities:
- namespace: my-app
  name: one
  bindingSelector: Some_selector
  identity:
    resourceId: {identity_id()}
- {{namespace: my-app, name: two, identity: {{name: app-identity, resourceGroup: rg}}}}
- {{namespace: my-app, name: three, identity: {{name: a, resourceGroup: g, subscription: {ANOTHER}}}}}
exceptions:
- namespace: monitoring
  name: agents
  podLabels: {{app: node-agent, version: "1.10"}}
"""
    )
    theirs = identity_id("a", "g").replace(SUBSCRIPTION, ANOTHER)
    assert list(manifest.identities) == [
        PodIdentity(EntryKey("my-app", "one"), ManagedIdentity(identity_id()), "Some_selector"),
        PodIdentity(EntryKey("my-app", "two"), ManagedIdentity(identity_id())),
        PodIdentity(EntryKey("my-app", "three"), ManagedIdentity(theirs)),
    ]
    labels = {"app": "node-agent", "version": "1.10"}
    assert list(manifest.exceptions) == [PodIdentityException(EntryKey("monitoring", "agents"), labels)]
    assert manifest.notes == ()


@pytest.mark.parametrize(
    "text",
    [
        file_of(pod_identity()).replace("\n", "\r\n"),
        b"\xef\xbb\xbf" + file_of(pod_identity()).encode(),
        "# only a comment\n---\n" + file_of(pod_identity()) + "---\n",
        '{"version": 1, "podIdentities": [{"namespace": "my-app", "name": "x", "identity": '
        f'{{"resourceId": "{identity_id()}"}}}}]}}',
    ],
    ids=["CRLF", "byte order mark", "empty documents", "JSON"],
)
def test_equivalent_encodings_parse_equally(text: str | bytes) -> None:
    assert read_text(text) == read_text(file_of(pod_identity()))


def test_documents_and_files_are_merged() -> None:
    one, two, three = (file_of(pod_identity(name=name)) for name in ("a", "b", "c"))
    assert [entry.key.name for entry in read_text(f"{one}---\n{two}", three).identities] == ["a", "b", "c"]


def test_file_without_entries() -> None:
    assert read_text("version: 1\n") == read_text("version: 1\npodIdentities: []\nexceptions: []\n") == Manifest()


def test_all_problems_are_reported_in_order() -> None:
    bad = pod_identity(name="A_b") + pod_identity("bindingselector: x", name="007", identity="{}") + "- {}\n"
    found = problems(file_of(bad), "version: 1\n" + "podIdentity: []\n")
    assert [line.split(": ")[0] for line in found] == [
        *("1.yaml:4", "1.yaml:8", "1.yaml:9", "1.yaml:10"),
        *("1.yaml:11", "1.yaml:11", "1.yaml:11", "2.yaml:2"),
    ]
    assert "'A_b'" in found[0]
    assert '"007"' in found[1]
    assert "resourceId, or name and resourceGroup" in found[2]
    assert "'bindingSelector'" in found[3]
    assert [line.rpartition(": ")[2] for line in found[4:7]] == [
        *("identity is missing", "name is missing", "namespace is missing")
    ]
    assert "'podIdentities'" in found[7]


@pytest.mark.parametrize("text", ["yes", "NO", "on", "true", "1.10", "12", "0x1F", "1:30", "007", "2001-01-01", "~"])
def test_unquoted_non_string_label_suggests_quotes(text: str) -> None:
    (found,) = problems(exception(f"{{app: {text}}}"))
    assert found.startswith("1.yaml:5: exceptions[0].podLabels.app: ")
    assert f'put it in quotes: "{text}"' in found
    assert read_text(exception(f'{{app: "{text.replace("~", "x").replace(":", "-")}"}}'))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "is empty"),
        ("# nothing\n", 1, "is empty"),
        ("\x00\x01", 1, "not text"),
        ("version: 1\n\nexceptions: \x07", 3, "not text"),
        (b"version: 1\n\xff", 2, "UTF-8"),
        ("version: 1\n".encode("utf-16"), 1, "UTF-16"),
        (b" " * (1024 * 1024 + 1), 1, "too large"),
        ("version: 1\nexceptions: [\n", 2, "is not YAML"),
        ("version: 1\n\tx: y\n", 2, "is not YAML"),
        ('version: 1\nx: "\\U00110000"\n', 2, "is not YAML"),
        ('version: 1\nx: "\\UFFFFFFFF"\n', 2, "is not YAML"),
        ("hello\n", 1, "neither"),
        ("[1, 2]\n", 1, "neither"),
        ("podIdentities: []\n", 1, "neither"),
        ("version: 1\nversion: 1\n", 2, "twice, first in line 1"),
        ("version: 1\nyes: 1\n", 2, "in quotes"),
        ("version: 1\n? [a]\n: b\n", 2, "must be text"),
        ("version: 1\nexceptions:\n", 2, "write []"),
        ("version: 1\nexceptions: {}\n", 2, "a list, not a mapping"),
        ("version: 1\nexceptions: [x]\n", 2, "a mapping of keys to values, not text"),
        ("version: 2\n", 1, "az extension update"),
        ("version: '1'\n", 1, "version is '1'"),
        ("version: 1.0\n", 1, "version is '1.0'"),
        ("version: 1\nexceptions: !!python/object/apply:os.system ['x']\n", 2, "tags are not supported"),
        ("version: !!int 1\n", 1, "tags are not supported"),
        ("version: 1\nexceptions: &all []\n", 2, "anchors and aliases"),
        ("version: 1\nexceptions: []\n<<: {a: b}\n", 3, "in quotes"),
        (exception("{app: [a]}"), 5, "must be text, not a list"),
        (exception("{app: }"), 5, "must be text, not nothing"),
        (exception("[a=b]"), 5, "a mapping of keys to values, not a list"),
        (exception("{-app: x}"), 5, "'-app' is not a valid label key"),
        (
            exception("{app: x}").replace("my-app", "kube-system").replace(": x\n", ": aks-addon-exception\n"),
            3,
            "managed by AKS",
        ),
        (file_of(pod_identity(identity="{resourceId: a, name: b, resourceGroup: c}")), 5, "either"),
        (file_of(pod_identity(identity="{name: b}")), 5, "either"),
        (
            file_of(pod_identity(identity="{name: b, resourceGroup: c, subscription: d}")),
            5,
            "'d' is not a subscription",
        ),
        (file_of(pod_identity("bindingSelector: ''")), 6, "it is empty"),
        (file_of(pod_identity(), pod_identity()), 7, "defined twice, first at 1.yaml:3"),
    ],
)
def test_problems_name_line(text: str | bytes, line: int, said: str) -> None:
    found = problems(text)
    assert all(each.startswith(f"1.yaml:{line}: ") for each in found)
    assert said in "\n".join(found)


def test_duplicate_across_files_names_both_lines() -> None:
    (found,) = problems(file_of(pod_identity()), file_of(pod_identity("bindingSelector: y")))
    assert found.startswith("2.yaml:3: ")
    assert "1.yaml:3" in found


def test_aliases_and_excessive_depth_are_refused() -> None:
    bomb = "version: 1\na0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 30))
    assert all("anchors and aliases" in line for line in problems(bomb))
    (found,) = problems("[" * 1_000_000)
    assert "levels deep" in found


def test_long_problem_list_is_shortened() -> None:
    found = problems(file_of(*(pod_identity(name="A") for _ in range(300))))
    assert len(found) == 101
    assert "499 more" in found[-1]


@given(st.text() | st.binary())
def test_arbitrary_content_is_parsed_or_refused(content: str | bytes) -> None:
    try:
        read_text(content)
    except ValidationError as error:
        assert re.match(r"1\.yaml:\d+: .", error.error_msg.splitlines()[1])
    except UnicodeEncodeError:
        assert isinstance(content, str)  # it cannot be encoded


RULES = {
    "namespace": (check_namespace, grammars.namespaces),
    "name": (check_name, grammars.names | grammars.longest_names),
}
values = st.text(max_size=70) | st.text(st.sampled_from("aZ0-_./ \n\u00e9"), max_size=70)


def accepts(rule: object, value: object) -> bool:
    """Return whether the rule or the schema accepts the value."""
    try:
        rule(value)  # type: ignore[operator]
    except (AzCLIError, fastjsonschema.JsonSchemaValueException):
        return False
    return True


@given(st.data())
def test_schema_fields_match_validation(data: st.DataObject) -> None:
    """Editors validate by the schema, the command by the rules."""
    for name, (rule, valid) in RULES.items():
        value = data.draw(valid | values | grammars.inserted(valid, grammars.FOREIGN))
        assert accepts(IN_SCHEMA[name], value) == accepts(rule, value), value
    value = data.draw(values | grammars.label_values | grammars.inserted(grammars.label_values, grammars.FOREIGN))
    assert accepts(IN_SCHEMA["selector"], value) == accepts(check_binding_selector, value)
    key = data.draw(values | grammars.label_keys | grammars.inserted(grammars.label_keys, grammars.FOREIGN))
    assert accepts(IN_SCHEMA["labels"], {key: value}) == accepts(check_pod_labels, {key: value})


_DEFINITIONS = SCHEMA["definitions"]
IN_SCHEMA = {
    name: fastjsonschema.compile(part)
    for name, part in {
        "namespace": _DEFINITIONS["namespace"],
        "name": _DEFINITIONS["name"],
        "selector": _DEFINITIONS["podIdentity"]["properties"]["bindingSelector"],
        "labels": _DEFINITIONS["exception"]["properties"]["podLabels"],
    }.items()
}


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (file_of(pod_identity("bindingSelector: x")), True),
        (exception("{app: x}"), True),
        (exception("{}"), True),
        (file_of(pod_identity(identity="{name: a, resourceGroup: b}")), True),
        (file_of(pod_identity(identity="{}")), False),
        (file_of(pod_identity(identity="{name: a, resourceGroup: b, resourceId: c}")), False),
        (file_of(pod_identity("extra: x")), False),
        ("version: 1\nclusters:\n- {name: 'prod-*', resourceGroup: rg, subscription: s, tags: {a: b}}\n", True),
        ("version: 1\nclusters:\n- {}\n", False),
        ("version: 1\nclusters:\n- {tags: {a: 1}}\n", False),
        ("version: 1\nclusters:\n- {cluster: a}\n", False),
        ("version: 2\n", False),
        ("exceptions: []\n", False),
    ],
)
def test_schema_matches_parser(text: str, right: bool) -> None:
    assert accepts(fastjsonschema.compile(SCHEMA), yaml.safe_load(text)) is right
    assert accepts(read_text, text) is right
