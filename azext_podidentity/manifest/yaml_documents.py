# SPDX-License-Identifier: MIT
"""Read YAML documents as plain values, with the line of each value.

Only text, integers, lists and mappings are returned. Tags, anchors and aliases are rejected, and so are unquoted
scalars that YAML 1.1 does not read as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from azext_podidentity.manifest.problems import Place, Problems

# A manifest with 200 pod identities and 200 exceptions has about 100 KB.
MAX_BYTES = 1024 * 1024
_MAX_DEPTH = 100
_WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
_READ_AS = {
    "bool": "true or false",
    "float": "a number",
    "int": "a number",
    "merge": "a merge of mappings",
    "null": "nothing",
    "timestamp": "a date",
    "value": "a default value",
}

NodePath = tuple[str | int, ...]


@dataclass(frozen=True)
class Unquoted:
    """An unquoted scalar that YAML does not read as text, such as `yes`, `1.10`, `007` or `null`."""

    text: str
    read_as: str


@dataclass(frozen=True)
class Document:
    """One YAML document, or one item of a Kubernetes list.

    `value` consists of dict, list, str, int and Unquoted. `lines` and `key_lines`: the line of every value and of every
    key, by its path of keys and indexes.
    """

    file: str
    value: Any
    lines: Mapping[NodePath, int]
    key_lines: Mapping[NodePath, int] = field(default_factory=dict)
    root: NodePath = ()

    def place(self, *path: str | int) -> Place:
        """Return the place of the value, or of the nearest value that contains it."""
        return self._nearest(self.lines, (*self.root, *path))

    def key_place(self, *path: str | int) -> Place:
        """Return the place of the value's key."""
        whole = (*self.root, *path)
        return Place(self.file, self.key_lines[whole]) if whole in self.key_lines else self.place(*path)

    def inside(self, *path: str | int) -> Document:
        """Return the value at the path as a document."""
        value = self.value
        for step in path:
            value = value[step]
        return Document(self.file, value, self.lines, self.key_lines, (*self.root, *path))

    def _nearest(self, lines: Mapping[NodePath, int], path: NodePath) -> Place:
        while path and path not in lines:
            path = path[:-1]
        return Place(self.file, lines.get(path, 1))


def read_documents(file: str, content: bytes, problems: Problems) -> Iterator[Document]:
    """Yield the non-empty documents of a file, and add syntax errors to `problems`.

    Of Kubernetes objects that are foreign (see `is_foreign`), only `apiVersion` and `kind` are read.
    """
    text = _decode(file, content, problems)
    if text is None:
        return
    loader = _Loader(text)
    empty = True
    try:
        while loader.check_node():
            loader.refused.clear()
            node = loader.get_node()
            if node is None or (isinstance(node, yaml.ScalarNode) and not node.value.strip()):
                continue
            empty = False
            header = _header(node)
            if is_foreign(header):
                yield Document(file, header, {(): node.start_mark.line + 1})
                continue
            for line, message in loader.refused:
                problems.add(Place(file, line), message)
            if not loader.refused:
                yield _Builder(file, problems).document(node)
    except yaml.YAMLError as error:
        problems.add(Place(file, _line_of(error, text)), f"is not YAML: {_reason(error)}")
        empty = False
    except (ValueError, OverflowError):  # PyYAML does not catch these for an escape like \UFFFFFFFF
        problems.add(Place(file, loader.line + 1), "is not YAML: an escape is not a Unicode character")
        empty = False
    finally:
        loader.dispose()
    if empty:
        problems.add(Place(file, 1), "is empty")


def is_foreign(value: Mapping[str, Any]) -> bool:
    """Return whether the document is a Kubernetes object that does not belong to aad-pod-identity."""
    group, kind = value.get("apiVersion"), value.get("kind")
    if not isinstance(group, str) or not isinstance(kind, str):
        return False
    return kind != "List" and not group.startswith("aadpodidentity.k8s.io/")


class _Loader(yaml.SafeLoader):  # pylint: disable=too-many-ancestors
    """Compose nodes, and record tags, anchors and aliases, which are rejected."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.refused: list[tuple[int, str]] = []
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if getattr(event, "anchor", None) is not None:
            self.refused.append((line, "anchors and aliases (&name, *name) are not supported; repeat the value"))
        if getattr(event, "tag", None) is not None:
            self.refused.append((line, f"tags are not supported; remove {event.tag!r}"))
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, f"more than {_MAX_DEPTH} levels deep", event.start_mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Builder:  # pylint: disable=too-few-public-methods
    """Convert a node to a document."""

    def __init__(self, file: str, problems: Problems) -> None:
        self._file = file
        self._problems = problems
        self._lines: dict[NodePath, int] = {}
        self._key_lines: dict[NodePath, int] = {}

    def document(self, node: yaml.Node) -> Document:
        return Document(self._file, self._value(node, ()), self._lines, self._key_lines)

    def _value(self, node: yaml.Node, path: NodePath) -> Any:
        self._lines[path] = node.start_mark.line + 1
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: NodePath) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            place = Place(self._file, key_node.start_mark.line + 1)
            key = _scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            whole: NodePath = (*path, str(key))
            if isinstance(key, int | Unquoted):
                self._problems.add(place, f"the key {key_node.value!r} is not text; put it in quotes")
            elif key is None:
                self._problems.add(place, "a key must be text")
            elif key in mapping:
                first = self._key_lines[whole]
                self._problems.add(place, f"{key!r} is defined twice, first in line {first}")
            else:
                self._key_lines[whole] = place.line
                mapping[key] = self._value(value_node, whole)
        return mapping


def _scalar(node: yaml.Node) -> str | int | Unquoted:
    kind = node.tag.rpartition(":")[2]
    if kind == "int" and _WHOLE_NUMBER.fullmatch(node.value):
        return int(node.value)
    return Unquoted(node.value, _READ_AS[kind]) if kind in _READ_AS else str(node.value)


def _header(node: yaml.Node) -> dict[str, str]:
    """Return `apiVersion` and `kind` of a document, if they are text."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return {
        key.value: value.value
        for key, value in pairs
        if key.value in ("apiVersion", "kind") and isinstance(value, yaml.ScalarNode)
    }


def _decode(file: str, content: bytes, problems: Problems) -> str | None:
    """Return the text without a UTF-8 byte order mark, None if the content is not text."""
    if len(content) > MAX_BYTES:
        problems.add(Place(file, 1), f"is too large; the limit is {MAX_BYTES} bytes")
        return None
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        problems.add(Place(file, 1), "is UTF-16, as PowerShell's > writes it; save it as UTF-8")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.add(Place(file, content.count(b"\n", 0, error.start) + 1), "is not UTF-8 text")
        return None
    if (unseen := re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)) is not None:
        line = text.count("\n", 0, unseen.start()) + 1
        problems.add(Place(file, line), f"is not text; it contains the character {unseen.group()!r}")
        return None
    return text


def _line_of(error: yaml.YAMLError, text: str) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    last = text.count("\n", 0, len(text.rstrip())) + 1
    return min(mark.line + 1, last) if mark else 1


def _reason(error: yaml.YAMLError) -> str:
    parts = (getattr(error, "context", None), getattr(error, "problem", None))
    return ", ".join(part for part in parts if part) or str(error)
