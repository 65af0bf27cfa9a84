"""Pod identity profiles as ARM might send them, with fields that nobody knows yet."""

from __future__ import annotations

from hypothesis import strategies as st

from azext_podidentity.profile.entries import EntryKey
from tests.support import grammars as g
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
unknown_fields = st.dictionaries(
    st.text(min_size=1, max_size=8).filter(lambda name: name not in _KNOWN), json_values, max_size=2
)
READ_ONLY = {
    "provisioningState": st.sampled_from(["Assigned", "Failed", "Updating", "Deleting"]),
    "provisioningInfo": st.just({"error": {"error": {"code": "Some", "message": "words"}}}),
}


@st.composite
def identity_entries(draw: st.DrawFn, keys: st.SearchStrategy[EntryKey] = g.keys) -> Json:
    """One entry of `userAssignedIdentities`."""
    key = draw(keys)
    identity = {
        **draw(unknown_fields),
        "resourceId": identity_id(draw(st.sampled_from("abc")) * 3),
        **draw(st.fixed_dictionaries({}, optional={"clientId": st.uuids().map(str), "objectId": st.uuids().map(str)})),
    }
    optional = {**READ_ONLY, "bindingSelector": g.label_values}
    return {
        **draw(unknown_fields),
        "namespace": key.namespace,
        "name": key.name,
        "identity": identity,
        **draw(st.fixed_dictionaries({}, optional=optional)),
    }


@st.composite
def exception_entries(draw: st.DrawFn, keys: st.SearchStrategy[EntryKey] = g.keys) -> Json:
    """One entry of `userAssignedIdentityExceptions`."""
    key, labels = draw(keys), draw(g.labels | st.just({}))
    return {**draw(unknown_fields), "namespace": key.namespace, "name": key.name, "podLabels": labels}


def key_of(entry: Json) -> EntryKey:
    """What names an entry in its list."""
    return EntryKey(entry["namespace"], entry["name"])


@st.composite
def profiles(draw: st.DrawFn) -> Json:
    """An enabled `podIdentityProfile`."""
    lists = {
        "userAssignedIdentities": st.lists(identity_entries(), max_size=3, unique_by=key_of),
        "userAssignedIdentityExceptions": st.lists(exception_entries(), max_size=3, unique_by=key_of),
        "allowNetworkPluginKubenet": st.booleans(),
    }
    return {**draw(unknown_fields), "enabled": True, **draw(st.fixed_dictionaries({}, optional=lists))}
