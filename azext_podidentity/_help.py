# SPDX-License-Identifier: MIT
"""The help of the group and its commands, in knack's YAML."""

from __future__ import annotations

from azext_podidentity._help_fleet import FLEET_HELP
from azext_podidentity._help_parts import CLUSTER, GRANT, IDENTITY_IDS, READ, WRITE
from azext_podidentity._help_workloads import WORKLOADS_HELP

HELP: dict[str, str] = {**FLEET_HELP, **WORKLOADS_HELP}

HELP["aks pod-identity"] = """
type: group
short-summary: Manage pod identities in a managed Kubernetes cluster.
long-summary: >-
    A pod identity binds a user-assigned managed identity to the pods of a Kubernetes namespace that have a matching
    aadpodidbinding label. To enable the add-on, run az aks update --enable-pod-identity.


    The pod identity add-on is deprecated, and its support ended in September 2025. For new workloads, use Microsoft
    Entra Workload ID. To move existing workloads, run az aks pod-identity migrate.
"""

HELP["aks pod-identity add"] = f"""
type: command
short-summary: Add pod identities to a managed Kubernetes cluster.
long-summary: >-
    Binds a managed identity to the pods in a namespace whose aadpodidbinding label matches the binding selector. If
    the cluster identity has no role that allows it to assign the managed identity, the command grants it the Managed
    Identity Operator role and retries until the role has propagated. If the pod identity already exists with the same
    values, the cluster is not changed. Several managed identities are added in one update of the cluster: either all
    of them or none.


    {GRANT}
examples:
  - name: Add a pod identity for pods that have the label aadpodidbinding=my-pod-identity.
    text: >-
        az aks pod-identity add {CLUSTER} --namespace my-app --name my-pod-identity --identity-resource-id
        {IDENTITY_IDS}/my-identity
  - name: Add three pod identities, named after their managed identities, in one update of the cluster.
    text: >-
        az aks pod-identity add {CLUSTER} --namespace my-app --identity-resource-id {IDENTITY_IDS}/my-identity
        {IDENTITY_IDS}/my-second-identity {IDENTITY_IDS}/my-third-identity
  - name: Add a second managed identity for the same pods by sharing a binding selector.
    text: >-
        az aks pod-identity add {CLUSTER} --namespace my-app --name my-second-identity --binding-selector my_selector
        --identity-resource-id {IDENTITY_IDS}/my-second-identity
  - name: Add a managed identity that your account cannot read, by its IDs.
    text: >-
        az aks pod-identity add {CLUSTER} --namespace my-app --identity-resource-id {IDENTITY_IDS}/my-identity
        --client-id 00000000-0000-0000-0000-000000000001 --object-id 00000000-0000-0000-0000-000000000002
  - name: Rebind a managed identity that was deleted and recreated.
    text: >-
        az aks pod-identity add {CLUSTER} --namespace my-app --name my-pod-identity --force --identity-resource-id
        {IDENTITY_IDS}/my-identity
"""

HELP["aks pod-identity update"] = """
type: command
short-summary: Update the binding selector or the managed identity of a pod identity.
long-summary: >-
    Updates the pod identity in one write, without removing it first. If the cluster identity has no role on the managed
    identity, the command grants it the Managed Identity Operator role. The role on the former managed identity is kept,
    and the command shows how to remove it.
examples:
  - name: Change the binding selector of a pod identity.
    text: >-
        az aks pod-identity update --resource-group MyResourceGroup --cluster-name MyCluster --namespace my-app
        --name my-pod-identity --binding-selector my_selector
  - name: Change the managed identity of a pod identity.
    text: >-
        az aks pod-identity update --resource-group MyResourceGroup --cluster-name MyCluster --namespace my-app
        --name my-pod-identity --identity-resource-id
        /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/MyResourceGroup/providers/Microsoft.ManagedIdentity/userAssignedIdentities/my-second-identity
"""

HELP["aks pod-identity apply"] = f"""
type: command
short-summary: Apply pod identities and exceptions from files to a cluster.
long-summary: >-
    Adds the entries that are missing and updates those that differ, in one write. Missing roles of the cluster
    identity are granted first. Entries that the files do not list are kept unless you pass --prune. If the cluster is
    already up to date, it is not changed. The add-on must be enabled.


    A file has a version and one or both lists:


        version: 1
        podIdentities:
        - namespace: my-app
          name: my-pod-identity
          bindingSelector: my_selector  # optional, defaults to the name
          identity:  # or resourceId with the resource ID of the managed identity
            name: my-identity
            resourceGroup: MyResourceGroup
            subscription: 00000000-0000-0000-0000-000000000000  # optional
        exceptions:
        - namespace: monitoring
          name: agents
          podLabels:  # matches pods that have any of these labels
            app: node-agent


    The output lists the entries that were added, changed, removed and unchanged, each with its values before and
    after. With --prune, roleAssignments lists the roles of removed pod identities that still exist, with the commands
    that remove them.


    Without --resource-group and --cluster-name, the files are applied to all clusters that match the 'clusters' list in
    the files, which selects by name, resourceGroup, subscription and tags. The output then has one row per cluster.


    {GRANT} With --dry-run, read permissions are enough.
examples:
  - name: Preview the changes that a file would make.
    text: az aks pod-identity apply {CLUSTER} --file pod-identities.yaml --dry-run
  - name: Fail a pipeline if the cluster differs from the file, and write a report for a pull request.
    text: >-
        az aks pod-identity apply {CLUSTER} --file pod-identities.yaml --dry-run --fail-on-change --report changes.md
  - name: Apply a file to all clusters that match its 'clusters' list.
    text: az aks pod-identity apply --file pod-identities.yaml
  - name: Make a cluster match the files in a folder, without prompting.
    text: az aks pod-identity apply {CLUSTER} --file pod-identities --prune --yes
"""

HELP["aks pod-identity export"] = f"""
type: command
short-summary: Export the pod identities and exceptions of a cluster as YAML.
long-summary: >-
    Prints a file that az aks pod-identity apply accepts. Entries are sorted by namespace and name, so the same
    entries always give the same text. With --output or --query, the content is printed in that format.


    {READ}
examples:
  - name: Save the pod identities of a cluster to a file.
    text: az aks pod-identity export {CLUSTER} | tee pod-identities.yaml
  - name: Export the pod identities of a cluster as JSON.
    text: az aks pod-identity export {CLUSTER} --output json
"""

HELP["aks pod-identity delete"] = f"""
type: command
short-summary: Delete pod identities from a managed Kubernetes cluster.
long-summary: >-
    If the cluster identity has lost its role on the managed identity, the role is granted again so that the removal
    can succeed.


    {WRITE} With --delete-role-assignment, also
    Microsoft.Authorization/roleAssignments/read and delete on the managed identity. If a lost role must be granted
    again, also Microsoft.Authorization/roleAssignments/write.
examples:
  - name: Delete a pod identity and the role assignment that was created for it.
    text: az aks pod-identity delete {CLUSTER} --namespace my-app --name my-pod-identity --delete-role-assignment
  - name: Delete pod identities in two namespaces at once.
    text: >-
        az aks pod-identity delete {CLUSTER} --namespace my-app --name my-pod-identity --name other-app/other-identity
"""

HELP["aks pod-identity list"] = f"""
type: command
short-summary: List the pod identities in a managed Kubernetes cluster.
long-summary: >-
    The JSON output is the managed cluster, as in aks-preview, with the pod identities in
    podIdentityProfile.userAssignedIdentities. A --query must start with this path, as in the example. The table output
    has one row per pod identity.


    {READ}
examples:
  - name: List the pod identities in a cluster as a table.
    text: az aks pod-identity list {CLUSTER} --output table
  - name: Get the names of the pod identities in one namespace.
    text: >-
        az aks pod-identity list {CLUSTER} --namespace my-app --query podIdentityProfile.userAssignedIdentities[].name
        --output tsv
"""

HELP["aks pod-identity show"] = f"""
type: command
short-summary: Show the details of a pod identity.
long-summary: >-
    The output includes the provisioning state and, if the pod identity failed, the error of the service.


    {READ}
examples:
  - name: Show a pod identity.
    text: az aks pod-identity show {CLUSTER} --namespace my-app --name my-pod-identity
"""

HELP["aks pod-identity wait"] = f"""
type: command
short-summary: Wait until a pod identity meets a condition.
long-summary: >-
    The conditions --created and --updated are met when the provisioning state is Assigned.


    {READ}
examples:
  - name: Wait until a pod identity that was added with --no-wait is assigned.
    text: az aks pod-identity wait {CLUSTER} --namespace my-app --name my-pod-identity --created
"""

HELP["aks pod-identity exception"] = """
type: group
short-summary: Manage pod identity exceptions in a managed Kubernetes cluster.
long-summary: >-
    Pods that have any of the labels of an exception reach the Azure Instance Metadata Service directly. The node agent
    does not intercept their requests.
"""

HELP["aks pod-identity exception add"] = f"""
type: command
short-summary: Add an exception for pods that have any of the given labels.
long-summary: "{WRITE}"
examples:
  - name: Add an exception for pods that have the label app=my-app.
    text: az aks pod-identity exception add {CLUSTER} --namespace my-app --name my-exception --pod-labels app=my-app
"""

HELP["aks pod-identity exception update"] = f"""
type: command
short-summary: Replace the labels of a pod identity exception.
long-summary: "{WRITE}"
examples:
  - name: Make an exception match pods that have either of two labels.
    text: >-
        az aks pod-identity exception update {CLUSTER} --namespace my-app --name my-exception --pod-labels app=my-app
        tier=backend
"""

HELP["aks pod-identity exception delete"] = f"""
type: command
short-summary: Delete pod identity exceptions from a managed Kubernetes cluster.
long-summary: "{WRITE}"
examples:
  - name: Delete an exception.
    text: az aks pod-identity exception delete {CLUSTER} --namespace my-app --name my-exception
"""

HELP["aks pod-identity exception list"] = f"""
type: command
short-summary: List the pod identity exceptions in a managed Kubernetes cluster.
long-summary: >-
    The JSON output is the managed cluster, as in aks-preview, with the exceptions in
    podIdentityProfile.userAssignedIdentityExceptions. A --query must start with this path. The table output has one row
    per exception.


    {READ}
examples:
  - name: List the exceptions in a cluster as a table.
    text: az aks pod-identity exception list {CLUSTER} --output table
"""

HELP["aks pod-identity exception show"] = f"""
type: command
short-summary: Show the details of a pod identity exception.
long-summary: "{READ}"
examples:
  - name: Show an exception.
    text: az aks pod-identity exception show {CLUSTER} --namespace my-app --name my-exception
"""
