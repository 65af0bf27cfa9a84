# SPDX-License-Identifier: MIT
"""The table of known errors of the service: what each error means and how to fix it.

To add an error, add a row with a sample message to one of the modules here. A test runs each row with its sample, and
docs/troubleshooting.md is generated from the rows. The first matching row is used, so specific rows come before general
ones. The messages are from public recordings, reports and
https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors.
"""

from __future__ import annotations

from azext_podidentity.profile.error_rows import other_clients, permissions, pod_identity, resources, subscription

TABLE = (*pod_identity.ROWS, *other_clients.ROWS, *permissions.ROWS, *resources.ROWS, *subscription.ROWS)
