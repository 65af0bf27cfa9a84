# SPDX-License-Identifier: MIT
"""Plan the migration from the add-on to Microsoft Entra Workload ID, as pure functions: no network, no files."""
