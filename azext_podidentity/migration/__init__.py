# SPDX-License-Identifier: MIT
"""Off the add-on, to Microsoft Entra Workload ID: what has to be done, as pure values. No network, no files."""
