# SPDX-License-Identifier: MIT
"""The only rooms that talk to Azure."""
