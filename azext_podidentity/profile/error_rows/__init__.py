# SPDX-License-Identifier: MIT
"""The table of the service's known errors: what each means and how to fix it.

To add one, add a row with a sample of the message to one of the modules here. A test runs each row with its sample, and
docs/troubleshooting.md is generated from the rows. The first row that matches decides, so specific rows come before
general ones. The messages are those of public recordings, reports and
https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors.
"""

from __future__ import annotations

from azext_podidentity.profile.error_rows import other_clients, permissions, pod_identity, resources, subscription

TABLE = (*pod_identity.ROWS, *other_clients.ROWS, *permissions.ROWS, *resources.ROWS, *subscription.ROWS)
