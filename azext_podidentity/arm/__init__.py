# SPDX-License-Identifier: MIT
"""The adapters that send requests to Azure, one module per resource type."""
