# SPDX-License-Identifier: MIT
"""The pod identity flags of `az aks create` and `az aks update`, and living beside aks-preview."""
