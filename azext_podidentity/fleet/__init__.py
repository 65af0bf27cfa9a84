# SPDX-License-Identifier: MIT
"""The inventory, the results and the reports of many clusters, as pure functions."""
