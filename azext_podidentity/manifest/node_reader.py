# SPDX-License-Identifier: MIT
"""Read the values of a YAML document, validate each, and collect the problems."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from azure.cli.core.azclierror import AzCLIError

from azext_podidentity.manifest.problems import Place, Problems
from azext_podidentity.manifest.yaml_documents import Document, NodePath, Unquoted
from azext_podidentity.profile.entries import EntryKey
from azext_podidentity.profile.validation import check_name, check_namespace, check_pod_labels

_TYPE_NAMES = {"array": "a list", "object": "a mapping of keys to values", "string": "text"}
_VALUE_NAMES = {dict: "a mapping", list: "a list", int: "a number", str: "text"}


class NodeReader:
    """Read one document. A missing or invalid value is read as empty, and is a problem if it is required.

    `any_case`: compare keys without case, as Kubernetes does.
    """

    def __init__(self, document: Document, problems: Problems, *, any_case: bool = False) -> None:
        self._document = document
        self._problems = problems
        self._any_case = any_case

    @property
    def place(self) -> Place:
        """Return the start of the document."""
        return self._document.place()

    def add_problem(self, message: str, *path: str) -> None:
        """Add a problem with the value at the path."""
        self._problems.add(self._document.place(*path), message)

    def text(self, *path: str, check: Callable[[str, str], str] | None = None, required: bool = False) -> str:
        """Return the text at the path. `check` is called with the text and its name, and raises if it is invalid."""
        value = self.find(*path)
        if value is None:
            if required:
                self._problems.add(self._document.place(*path), missing((*self._document.root, *path)))
            return ""
        if not isinstance(value, str):
            self._refuse("string", value, path)
            return ""
        self.validate(check, value, *path)
        return value

    def key(self, *path: str, namespace: str = "") -> EntryKey:
        """Return the namespace and the name, which are required. `namespace` is the default namespace."""
        return EntryKey(
            self.text(*path, "namespace", check=check_namespace, required=not namespace) or namespace,
            self.text(*path, "name", check=check_name, required=True),
        )

    def labels(self, *path: str) -> dict[str, str]:
        """Return the pod labels at the path, after validation."""
        value = self.find(*path)
        if value is None or not isinstance(value, dict):
            self._refuse("object", value, path)
            return {}
        for name, text in value.items():
            if isinstance(text, str):
                self.validate(partial(_check_label, name), text, *path, name)
            else:
                self._refuse("string", text, (*path, name))
        return value

    def mapping(self, *path: str) -> dict[str, str]:
        """Return the texts of the mapping at the path; values of other types are problems of the schema."""
        value = self.find(*path)
        return {key: text for key, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}

    def validate(self, check: Callable[[str, str], object] | None, value: str, *path: str) -> None:
        """Validate the value with `check`, and add its error as a problem."""
        if check is None:
            return
        try:
            check(value, path[0] if len(path) == 1 else ".".join(path))
        except AzCLIError as error:
            self._problems.add(self._document.place(*path), error.error_msg)

    def find(self, *path: str) -> Any:
        """Return the value at the path, None if it does not exist."""
        value = self._document.value
        for step in path:
            if not isinstance(value, dict):
                return None
            value = value.get(self._actual(value, step))
        return value

    def _actual(self, mapping: dict[Any, Any], step: str | int) -> str | int:
        if step in mapping or not self._any_case:
            return step
        return next((key for key in mapping if str(key).lower() == str(step).lower()), step)

    def _refuse(self, wanted: str, value: Any, path: NodePath) -> None:
        whole = (*self._document.root, *path)
        message = missing(whole) if value is None else mistyped(whole, wanted, value)
        self._problems.add(self._document.place(*path), message)


def _check_label(name: str, value: str, path: str) -> None:
    check_pod_labels({name: value}, path.removesuffix(f".{name}"))


def missing(path: NodePath) -> str:
    """Return the problem with a missing required value."""
    return f"{describe_path(path[:-1])}{path[-1]} is missing"


def mistyped(path: NodePath, wanted: str, value: Any) -> str:
    """Return the problem with a value that does not have the JSON Schema type `wanted`."""
    return f"{describe_path(path)}{_why(wanted, value)}"


def describe_path(path: NodePath) -> str:
    """Return the path as the prefix of a problem, for example `podIdentities[0].identity: `."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return f"{text}: " if text else ""


def _why(wanted: str, value: Any) -> str:
    text, read_as = (
        (value.text, value.read_as) if isinstance(value, Unquoted) else (str(value), _VALUE_NAMES[type(value)])
    )
    if wanted == "string" and isinstance(value, int | Unquoted) and text:
        return f"{text} is read as {read_as}, not as text; put it in quotes: {json.dumps(text)}"
    if wanted == "array" and read_as == "nothing":
        return "must be a list; write [] for an empty one"
    return f"must be {_TYPE_NAMES[wanted]}, not {read_as}"
