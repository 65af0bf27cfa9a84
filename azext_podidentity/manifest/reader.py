"""Reads the parts of a document, each checked by its rule, and notes what is not right."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from azure.cli.core.azclierror import AzCLIError

from azext_podidentity.manifest.problems import Place, Problems
from azext_podidentity.manifest.source import Document, Path, Unquoted
from azext_podidentity.profile.entries import EntryKey
from azext_podidentity.profile.validation import check_name, check_namespace, check_pod_labels

_CALLED = {"array": "a list", "object": "a mapping of keys to values", "string": "text"}
_KINDS = {dict: "a mapping", list: "a list", int: "a number", str: "text"}


class Reader:
    """Reads one document; what is absent or not right reads as empty, and is a problem where it must not be.

    With `any_case`, keys are found without regard to case, as Kubernetes does it.
    """

    def __init__(self, document: Document, problems: Problems, *, any_case: bool = False) -> None:
        self._document = document
        self._problems = problems
        self._any_case = any_case

    @property
    def place(self) -> Place:
        """Where the document begins."""
        return self._document.place()

    def wrong(self, message: str, *path: str) -> None:
        """Notes a problem of what is there."""
        self._problems.add(self._document.place(*path), message)

    def text(self, *path: str, check: Callable[[str, str], str] | None = None, required: bool = False) -> str:
        """The text there; `check` is a rule, called with it and what it is called."""
        value = self.find(*path)
        if value is None:
            if required:
                self._problems.add(self._document.place(*path), missing((*self._document.root, *path)))
            return ""
        if not isinstance(value, str):
            self._refuse("string", value, path)
            return ""
        self.obey(check, value, *path)
        return value

    def key(self, *path: str) -> EntryKey:
        """Namespace and name, both required."""
        return EntryKey(
            self.text(*path, "namespace", check=check_namespace, required=True),
            self.text(*path, "name", check=check_name, required=True),
        )

    def labels(self, *path: str) -> dict[str, str]:
        """The pod labels there, each checked by itself."""
        value = self.find(*path)
        if value is None or not isinstance(value, dict):
            self._refuse("object", value, path)
            return {}
        for name, text in value.items():
            if isinstance(text, str):
                self.obey(partial(_check_label, name), text, *path, name)
            else:
                self._refuse("string", text, (*path, name))
        return value

    def obey(self, check: Callable[[str, str], object] | None, value: str, *path: str) -> None:
        """Notes what the rule says against the value that is there."""
        if check is None:
            return
        try:
            check(value, path[0] if len(path) == 1 else ".".join(path))
        except AzCLIError as error:
            self._problems.add(self._document.place(*path), error.error_msg)

    def find(self, *path: str) -> Any:
        """The value there, None where there is none."""
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

    def _refuse(self, wanted: str, value: Any, path: Path) -> None:
        whole = (*self._document.root, *path)
        message = missing(whole) if value is None else mistyped(whole, wanted, value)
        self._problems.add(self._document.place(*path), message)


def _check_label(name: str, value: str, path: str) -> None:
    check_pod_labels({name: value}, path.removesuffix(f".{name}"))


def missing(path: Path) -> str:
    """What is wrong where something required is absent."""
    return f"{called(path[:-1])}{path[-1]} is missing"


def mistyped(path: Path, wanted: str, value: Any) -> str:
    """What is wrong with a value of another type than the one that JSON Schema calls `wanted`."""
    return f"{called(path)}{_why(wanted, value)}"


def called(path: Path) -> str:
    """What a value is called in front of what is wrong with it: `podIdentities[0].identity: `."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return f"{text}: " if text else ""


def _why(wanted: str, value: Any) -> str:
    text, read_as = (value.text, value.read_as) if isinstance(value, Unquoted) else (str(value), _KINDS[type(value)])
    if wanted == "string" and isinstance(value, int | Unquoted) and text:
        return f"{text} is read as {read_as}, not as text: put it in quotes, {json.dumps(text)}"
    if wanted == "array" and read_as == "nothing":
        return "must be a list; write [] for an empty one"
    return f"must be {_CALLED[wanted]}, not {read_as}"
