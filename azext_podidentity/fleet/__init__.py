# SPDX-License-Identifier: MIT
"""Many clusters: their inventory, what happens on each of them, and reports; pure."""
