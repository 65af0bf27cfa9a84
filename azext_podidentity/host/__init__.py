# SPDX-License-Identifier: MIT
"""The pod identity flags of `az aks create` and `az aks update`, and coexistence with aks-preview.

The host is azure-cli's own `acs` module, whose handlers and decorators these modules extend.
"""
