# SPDX-License-Identifier: MIT
"""Parse Kubernetes objects from text: YAML of several documents, JSON, and `kind: List` of either."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_podidentity.migration.yaml_text import is_small, loader_class
from azext_podidentity.profile.labels import BINDING_LABEL

# The length of the output of `kubectl get -A -o json` with about 20,000 pods.
MAX_CHARACTERS = 256 * 1024 * 1024
_TEMPLATE_ADVICE = [
    "Pass plain Kubernetes objects. Render templates first, and pass the file with --workloads. Example:",
    "helm template . > objects.yaml",
]


@dataclass(frozen=True)
class Origin:
    """The source of an object: the file as the user named it (`-` is standard input) and, in YAML, the line."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        source = "standard input" if self.source == "-" else self.source
        return source if self.line is None else f"{source}:{self.line}"


@dataclass(frozen=True)
class KubernetesObject:
    """An object as JSON, and its origin."""

    raw: Mapping[str, Any]
    origin: Origin


def read_objects(text: str, source: str) -> list[KubernetesObject]:
    """Return the Kubernetes objects in the text of a file.

    Documents without apiVersion and kind are ignored, unless they contain the label of pod identities; then they are
    returned without a kind.

    Raise InvalidArgumentValueError with the file and the line if the text is neither JSON nor YAML, or is too long. The
    message contains no part of the text, which can contain secrets.
    """
    if len(text) > MAX_CHARACTERS:
        raise _refused(Origin(source), f"It has {len(text)} characters. The limit is {MAX_CHARACTERS}.")
    try:
        documents = list(_json(text, source) if text.lstrip()[:1] in ("{", "[") else _yaml(text, source))
        return [each for raw, origin in documents for each in _objects(raw, origin)]
    except RecursionError:
        raise _refused(Origin(source), "It is nested too deeply.") from None


def _json(text: str, source: str) -> Iterator[tuple[Any, Origin]]:
    try:
        yield json.loads(text), Origin(source)
    except json.JSONDecodeError as error:
        end = error.pos
        if source.endswith(".json") or not error.doc[end:].lstrip():
            raise _refused(Origin(source, error.lineno), f"Invalid JSON: {error.msg}.") from None
        yield from _yaml(text, source)  # YAML can start with a brace


def _yaml(text: str, source: str) -> Iterator[tuple[Any, Origin]]:
    import yaml

    has_aliases = "&" in text and "*" in text
    line = 0
    try:
        loader = loader_class()(text)
        while loader.check_node():
            node = loader.get_node()
            line = node.start_mark.line
            if has_aliases and not is_small(node):
                raise _refused(Origin(source, line + 1), "Its aliases expand to too many values.")
            yield loader.construct_document(node), Origin(source, line + 1)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Origin(source, (mark.line if mark else line) + 1)
        raise _refused(where, f"Invalid YAML: {error.problem}.") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        problem = getattr(error, "reason", type(error).__name__)
        raise _refused(Origin(source, line + 1), f"Invalid YAML: {problem}.") from None


def _objects(raw: Any, origin: Origin) -> Iterator[KubernetesObject]:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("kind"), str) or "apiVersion" not in raw:
        if BINDING_LABEL in str(raw):
            content = raw if isinstance(raw, Mapping) else {"items": raw}
            yield KubernetesObject({key: value for key, value in content.items() if key != "kind"}, origin)
        return
    items = raw.get("items")
    if not (raw["kind"].endswith("List") and isinstance(items, list)):
        yield KubernetesObject(raw, origin)
        return
    # The items of a typed list (`DeploymentList`) do not repeat their type.
    of_list = {"apiVersion": raw["apiVersion"], "kind": raw["kind"].removesuffix("List")}
    for item in items:
        if isinstance(item, Mapping):
            yield from _objects({**of_list, **item} if of_list["kind"] else item, origin)


def _refused(origin: Origin, reason: str) -> InvalidArgumentValueError:
    return InvalidArgumentValueError(f"--workloads {origin} cannot be read. {reason}", _TEMPLATE_ADVICE)
