# SPDX-License-Identifier: MIT
"""The help of the commands that read workloads, in knack's YAML."""

from __future__ import annotations

from azext_podidentity._help_parts import CLUSTER

WORKLOADS_HELP: dict[str, str] = {}

WORKLOADS_HELP["aks pod-identity check"] = f"""
type: command
short-summary: Diagnose the pod identities of a cluster and suggest fixes.
long-summary: >-
    Checks the cluster, the managed identities, the roles of the cluster identity and the feature registration. Without
    --repair, nothing is changed. Each finding has a severity (error, warning or info), the name of the check, a
    subject, a message and, if available, a command that fixes the problem.


    With --workloads, --context or --run-command, it also reads pods, nodes, the node agent and the AzureIdentity
    objects of the cluster, and reports why pods get no managed identity. With --pod, it returns the steps from the
    labels of one pod to its token, each with its state (Ok, Warning, Error or Unknown), and the result in one sentence.


    With --all-clusters, the clusters of all subscriptions are checked in parallel. Each finding also has the cluster.
    A cluster that cannot be read is a finding, and the exit code is then 4.


    Required permissions: Microsoft.ContainerService/managedClusters/read on the cluster. To check managed identities
    and roles, also Microsoft.ManagedIdentity/userAssignedIdentities/read and
    Microsoft.Authorization/roleAssignments/read. If you have no permission to read something, that is a finding.
    With --repair, also Microsoft.ContainerService/managedClusters/write and
    Microsoft.Authorization/roleAssignments/write.
    With --context, your Kubernetes account must be allowed to list the objects. With --run-command, also
    Microsoft.ContainerService/managedClusters/runcommand/action and commandResults/read.
examples:
  - name: Show the problems of a cluster, most severe first.
    text: az aks pod-identity check {CLUSTER} --output table
  - name: Get the commands that fix the errors.
    text: >-
        az aks pod-identity check {CLUSTER} --query "[?severity=='error' && command].command" --output tsv
  - name: Fail a pipeline if the check finds an error.
    text: az aks pod-identity check {CLUSTER} --fail-on error
  - name: Also check the pods, nodes and node agents of the cluster.
    text: az aks pod-identity check {CLUSTER} --context myAKSCluster --output table
  - name: Show which problems can be fixed safely.
    text: az aks pod-identity check {CLUSTER} --repair --dry-run --output table
  - name: Fix the problems that can be fixed safely.
    text: az aks pod-identity check {CLUSTER} --repair
  - name: Trace one pod from its label to its token, and show why it gets no managed identity.
    text: az aks pod-identity check {CLUSTER} --pod my-app/demo --output table
  - name: Check which managed identities the pods of a manifest will get.
    text: az aks pod-identity check {CLUSTER} --workloads demo.yaml --namespace my-app
  - name: Check the clusters of all subscriptions, and write a report for a wiki.
    text: az aks pod-identity check --all-clusters --report report.md --output table
"""

WORKLOADS_HELP["aks pod-identity migrate"] = f"""
type: command
short-summary: Migrate the workloads of a cluster to Microsoft Entra Workload ID, and disable the add-on.
long-summary: >-
    Without an action, the command prints a plan and changes nothing: the features to enable, the federated identity
    credentials to create, the changes of each workload, and the decisions that you have to take. --approve makes the
    changes in Azure, and --output-dir writes the Kubernetes changes to files. The first step adds workload identity to
    the workloads and keeps the label aadpodidbinding, so that pod identity keeps working. When --status shows that
    pods have tokens, the second step (--remove-labels) removes the label. --finish then disables the add-on. Each
    action can be interrupted and run again. Enabling the OIDC issuer and --finish cannot be undone, so the command asks
    for confirmation first. The output of --finish lists the role assignments that were removed, and those that were
    kept and why.


    With --all-clusters, the command shows the migration status of all clusters, based on Azure only, and the managed
    identities that would need more federated identity credentials than Azure allows.


    Required permissions: Microsoft.ContainerService/managedClusters/read on the cluster and
    Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read on the managed identities.
    With --approve or --undo, also write or delete for the credentials. With --approve or --finish, also
    Microsoft.ContainerService/managedClusters/write. With --finish, also
    Microsoft.Authorization/roleAssignments/read and delete. With --run-command, also
    Microsoft.ContainerService/managedClusters/runcommand/action and commandResults/read. With --target
    identity-binding, also Microsoft.ContainerService/managedClusters/identityBindings/read, write and delete. With
    --all-clusters, also identityBindings/read.
    Identity bindings require azure-cli 2.88.0 or later.
examples:
  - name: Print the plan for the workloads that kubectl reads from the cluster.
    text: az aks pod-identity migrate {CLUSTER} --output table
  - name: Print the plan for the manifests in a folder and from standard input.
    text: >-
        az aks pod-identity migrate {CLUSTER} --workloads ./manifests -
  - name: Print the plan for the workloads of a private cluster.
    text: az aks pod-identity migrate {CLUSTER} --run-command
  - name: Create the credentials, and write the first step for the manifests in a folder.
    text: >-
        az aks pod-identity migrate {CLUSTER} --workloads ./manifests
        --new-service-accounts --approve --output-dir ./first-step
  - name: Use an identity binding for a managed identity that would exceed the limit of 20 credentials.
    text: >-
        az aks pod-identity migrate {CLUSTER} --target identity-binding --identities my-identity --approve
        --output-dir ./first-step
  - name: Show which workloads still need the add-on, and whether their pods have tokens.
    text: az aks pod-identity migrate {CLUSTER} --status --output table
  - name: Show the migration status of the clusters in all subscriptions.
    text: az aks pod-identity migrate --all-clusters --output table
  - name: Show also how far their workloads are, by the kubectl contexts whose name begins with prod.
    text: az aks pod-identity migrate --all-clusters --context 'prod*' --output table
  - name: Write the second step, which removes the label from workloads whose pods have tokens.
    text: >-
        az aks pod-identity migrate {CLUSTER} --remove-labels
        --output-dir ./second-step
  - name: Remove the pod identities, their roles and the exceptions, and disable the add-on.
    text: az aks pod-identity migrate {CLUSTER} --finish
  - name: Remove the federated identity credentials and identity bindings that this command created.
    text: az aks pod-identity migrate {CLUSTER} --undo --yes
"""
