# SPDX-License-Identifier: MIT
"""The use cases that work on many clusters."""
