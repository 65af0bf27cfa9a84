# SPDX-License-Identifier: MIT
"""Make the models of an SDK safe to use from several threads."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from threading import Lock

_lock = Lock()
_set_up: set[str] = set()


def set_up_models(client: object) -> None:
    """Make the client's SDK set up its models now, once per process.

    The SDK adds attributes to the class of a model when it creates the first object, without a lock. If two threads do
    so at the same time, one fails with "dictionary changed size during iteration", and the SDK hides that: it returns
    the plain JSON object instead of the model (`Model.__new__` and `_deserialize_default` in its `_utils/model_base`).
    SDKs whose models are not mappings do not need this.
    """
    package = type(client).__module__.rpartition(".")[0]
    with _lock:
        if package not in _set_up:
            for each in list(vars(sys.modules.get(f"{package}.models", sys)).values()):
                if isinstance(each, type) and issubclass(each, MutableMapping):
                    each.__new__(each)
            _set_up.add(package)
