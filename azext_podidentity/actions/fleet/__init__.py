# SPDX-License-Identifier: MIT
"""The use cases over many clusters."""
