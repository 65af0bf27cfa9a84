# SPDX-License-Identifier: MIT
"""Labels and annotations of Kubernetes objects.

Those of workload identity:
https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html
"""

from __future__ import annotations

# The label of a pod that the add-on matches with the selector of a pod identity.
BINDING_LABEL = "aadpodidbinding"
USE_LABEL = "azure.workload.identity/use"
CLIENT_ID_ANNOTATION = "azure.workload.identity/client-id"
TENANT_ID_ANNOTATION = "azure.workload.identity/tenant-id"
# https://learn.microsoft.com/azure/aks/identity-bindings: the pod uses identity bindings rather than credentials.
IDENTITY_BINDING_ANNOTATION = "azure.workload.identity/use-identity-binding"
PROXY_ANNOTATION = "azure.workload.identity/inject-proxy-sidecar"
