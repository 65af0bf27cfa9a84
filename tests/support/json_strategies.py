# SPDX-License-Identifier: MIT
"""Strategies for pod identity profiles as ARM might send them, with unknown fields."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from azext_podidentity.profile.entries import EntryKey
from tests.support.builders import Json, identity_id

_KNOWN = frozenset(
    {
        *("namespace", "name", "identity", "bindingSelector", "podLabels", "provisioningState", "provisioningInfo"),
        *("resourceId", "clientId", "objectId", "enabled", "allowNetworkPluginKubenet"),
        *("userAssignedIdentities", "userAssignedIdentityExceptions"),
    }
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
# Drawing takes most of an example's time, so keys, names and values without influence are drawn as a whole.
keys = st.builds(
    EntryKey,
    st.sampled_from(["default", "my-app", "0", "n" * 63, "kube-system"]),
    st.sampled_from(["app", "a-b", "0", "a.b", "x" * 63, "aks-addon", "web-1", "x.y.z"]),
)
_unknown_values: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, False, 0, -1, 2**63, 0.5, "", "x", "null", "\u00e9\u0130\u202e\U0001f642", " a: b\n", "'\"\\"),
        *(
            [],
            [None],
            ["x", 1],
            [[], {}],
            [{"name": "x"}],
            {},
            {"a": None},
            {"a": {"b": [1]}},
            {"": ""},
            {"\u00e9": "x"},
        ),
    ]
)
unknown_fields = st.dictionaries(
    st.text(min_size=1, max_size=8).filter(lambda name: name not in _KNOWN), _unknown_values, max_size=2
)
_uuids = st.sampled_from([f"{digit * 8}-0000-4000-8000-{digit * 12}" for digit in "0123abef"])
_labels = st.sampled_from([{}, {"app": "x"}, {"app": "", "example.com/tier": "Web_1.0"}, {"a": "b", "c": "d" * 63}])
READ_ONLY = {
    "provisioningState": st.sampled_from(["Assigned", "Failed", "Updating", "Deleting"]),
    "provisioningInfo": st.just({"error": {"error": {"code": "Some", "message": "words"}}}),
}


@st.composite
def identity_entries(draw: st.DrawFn, keys: st.SearchStrategy[EntryKey] = keys) -> Json:
    """Draw an entry of `userAssignedIdentities`."""
    key = draw(keys)
    identity = {
        **draw(unknown_fields),
        "resourceId": identity_id(draw(st.sampled_from("abc")) * 3),
        **draw(st.fixed_dictionaries({}, optional={"clientId": _uuids, "objectId": _uuids})),
    }
    optional = {**READ_ONLY, "bindingSelector": st.sampled_from(["app", "A_b.c-d", "s" * 63])}
    return {
        **draw(unknown_fields),
        "namespace": key.namespace,
        "name": key.name,
        "identity": identity,
        **draw(st.fixed_dictionaries({}, optional=optional)),
    }


@st.composite
def exception_entries(draw: st.DrawFn, keys: st.SearchStrategy[EntryKey] = keys) -> Json:
    """Draw an entry of `userAssignedIdentityExceptions`."""
    key, labels = draw(keys), draw(_labels)
    return {**draw(unknown_fields), "namespace": key.namespace, "name": key.name, "podLabels": labels}


def key_of(entry: Json) -> EntryKey:
    """Return the key of an entry."""
    return EntryKey(entry["namespace"], entry["name"])


@st.composite
def profiles(draw: st.DrawFn) -> Json:
    """Draw an enabled `podIdentityProfile`."""
    lists = {
        "userAssignedIdentities": st.lists(identity_entries(), max_size=3, unique_by=key_of),
        "userAssignedIdentityExceptions": st.lists(exception_entries(), max_size=3, unique_by=key_of),
        "allowNetworkPluginKubenet": st.booleans(),
    }
    return {**draw(unknown_fields), "enabled": True, **draw(st.fixed_dictionaries({}, optional=lists))}
