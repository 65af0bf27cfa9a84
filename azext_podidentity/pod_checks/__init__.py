# SPDX-License-Identifier: MIT
"""Explain why pods get no token: checks of what is inside a cluster, listed in `registry`, and the chain of a pod."""
