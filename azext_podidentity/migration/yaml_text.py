# SPDX-License-Identifier: MIT
"""Read and write YAML like kubectl does.

PyYAML and the Go library of kubectl interpret unquoted words differently: for kubectl, dates and base-60 numbers are
text, and `y` or `1e3` is not. Therefore, dates and base-60 numbers are read as text, and every text that the libraries
could interpret differently is written in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from math import inf
from typing import Any

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9./_-]+")
# The maximum number of values in a document with its aliases expanded. Large documents have several thousand.
_MAX_VALUES = 5_000_000
_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
_NUMBER_TAGS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
# The resolvers of PyYAML without base-60 numbers.
_INT = re.compile(r"[-+]?(0b[0-1_]+|0[0-7_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*)")
_FLOAT = re.compile(
    r"[-+]?([0-9][0-9_]*\.[0-9_]*([eE][-+]?[0-9]+)?|\.[0-9][0-9_]*([eE][-+]?[0-9]+)?|\.(inf|Inf|INF))|\.(nan|NaN|NAN)"
)


@cache
def loader_class() -> Any:
    """Return the class of a safe loader: that of libyaml, which is ten times as fast, if PyYAML has it."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    patterns = {
        _NUMBER_TAGS[0]: re.compile(f"(?:{_INT.pattern})$"),
        _NUMBER_TAGS[1]: re.compile(f"(?:{_FLOAT.pattern})$"),
    }
    resolvers = {
        first: [
            (tag, patterns.get(tag, pattern)) for tag, pattern in listed if not tag.endswith((":timestamp", ":value"))
        ]
        for first, listed in base.yaml_implicit_resolvers.items()
    }
    return type("_Loader", (base,), {"yaml_implicit_resolvers": resolvers})


def is_small(node: Any) -> bool:
    """Return whether a document has at most the maximum number of values; false for recursive aliases."""
    return _expanded_size(node, {}) <= _MAX_VALUES


def _expanded_size(node: Any, sizes: dict[int, float]) -> float:
    """Return the number of values of a node with its aliases expanded. `sizes`: the cache, by identity of the node."""
    if isinstance(node.value, str):
        return 1
    if id(node) not in sizes:
        sizes[id(node)] = inf  # while it is being computed, so that a recursive alias is infinite
        size = 1.0
        for item in node.value:
            for child in item if isinstance(item, tuple) else (item,):
                size += 1 if isinstance(child.value, str) else _expanded_size(child, sizes)
        sizes[id(node)] = size
    return sizes[id(node)]


@cache
def _dumper_class() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    def represent_text(dumper: Any, value: str) -> Any:
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        style = None if plain else "|" if "\n" in value else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    dumper = type("_Dumper", (base,), {"ignore_aliases": lambda *_: True})
    dumper.add_representer(str, represent_text)  # type: ignore[attr-defined]
    return dumper


def dump(documents: Iterable[Any]) -> str:
    """Return the documents as YAML that kubectl reads unchanged."""
    import yaml

    text: str = yaml.dump_all(documents, Dumper=_dumper_class(), sort_keys=False, allow_unicode=True, width=10_000)
    return text
