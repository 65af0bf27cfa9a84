# SPDX-License-Identifier: MIT
"""Explain why pods get no token: checks of the Kubernetes objects (see `registry`), and the chain of one pod."""
