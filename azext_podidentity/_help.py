"""The help texts, in knack's YAML."""

from __future__ import annotations

from knack.help_files import helps

HELP: dict[str, str] = {}

HELP["aks pod-identity"] = """
type: group
short-summary: Manage the pod-managed identities of a managed Kubernetes cluster.
long-summary: >-
    The pod identity add-on of AKS is deprecated; its support ended in September 2025. Microsoft Entra Workload ID
    replaces it.
"""

HELP["aks pod-identity add"] = """
type: command
short-summary: Bind a managed identity to the pods of a Kubernetes namespace.
long-summary: >-
    Grants the cluster identity the role Managed Identity Operator over the managed identity where it has no role
    that suffices, at the identity or above it. Run again with the same arguments, it changes nothing.
examples:
  - name: Bind a managed identity to the pods with the label aadpodidbinding=my-pod-identity.
    text: >-
        az aks pod-identity add --resource-group MyResourceGroup --cluster-name MyCluster --namespace my-app
        --name my-pod-identity --identity-resource-id
        /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/MyResourceGroup/providers/Microsoft.ManagedIdentity/userAssignedIdentities/my-identity
  - name: Bind one more managed identity to pods that use several, by a common selector.
    text: >-
        az aks pod-identity add --resource-group MyResourceGroup --cluster-name MyCluster --namespace my-app
        --name my-second-identity --binding-selector my_selector --identity-resource-id
        /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/MyResourceGroup/providers/Microsoft.ManagedIdentity/userAssignedIdentities/my-second-identity
  - name: Bind a managed identity anew that was deleted and created again.
    text: >-
        az aks pod-identity add --resource-group MyResourceGroup --cluster-name MyCluster --namespace my-app
        --name my-pod-identity --force --identity-resource-id
        /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/MyResourceGroup/providers/Microsoft.ManagedIdentity/userAssignedIdentities/my-identity
"""

HELP["aks pod-identity apply"] = """
type: command
short-summary: Make a cluster have the pod identities and exceptions of files, in one write.
long-summary: >-
    Adds what is missing and changes what differs; --prune also removes what the files do not have. Reads all managed
    identities and grants the cluster identity all missing roles at once, then changes the cluster in one write.
    Applying what is there already sends no write. The add-on must be enabled.


    A file has its version, and one or both lists:


        version: 1
        podIdentities:
        - namespace: my-app
          name: my-pod-identity
          bindingSelector: my_selector  # optional: the name
          identity:  # or resourceId: the resource id of the managed identity
            name: my-identity
            resourceGroup: MyResourceGroup
            subscription: 00000000-0000-0000-0000-000000000000  # optional: the cluster's
        exceptions:
        - namespace: monitoring
          name: agents
          podLabels:  # a pod with any one of them is excepted
            app: node-agent


    The result has the lists added, changed, removed and unchanged. Each entry has kind, namespace and name, and what
    it was before and is after.
examples:
  - name: Make a cluster have what a file says, and see first what that changes.
    text: >-
        az aks pod-identity apply --resource-group MyResourceGroup --cluster-name MyCluster
        --file pod-identities.yaml --dry-run
  - name: Make a cluster have what the files of a folder say and nothing else, in a pipeline.
    text: >-
        az aks pod-identity apply --resource-group MyResourceGroup --cluster-name MyCluster --file pod-identities
        --prune --yes
"""

HELP["aks pod-identity export"] = """
type: command
short-summary: Write the pod identities and exceptions of a cluster as a YAML file for git.
long-summary: >-
    The same entries give the same text, in the order of namespaces and names, without what the service adds. It is
    what az aks pod-identity apply reads. With --output or --query the same as az prints it, without the comments.
examples:
  - name: Keep the pod identities of a cluster in a file.
    text: >-
        az aks pod-identity export --resource-group MyResourceGroup --cluster-name MyCluster | tee pod-identities.yaml
  - name: Print it as JSON.
    text: az aks pod-identity export --resource-group MyResourceGroup --cluster-name MyCluster --output json
"""

HELP["aks pod-identity delete"] = """
type: command
short-summary: Remove pod identities from a cluster.
long-summary: >-
    One that cannot be removed because the cluster identity lost its role over the managed identity gets the role
    for the removal.
examples:
  - name: Remove a pod identity, and the role that the cluster identity has for its sake.
    text: >-
        az aks pod-identity delete --resource-group MyResourceGroup --cluster-name MyCluster --namespace my-app
        --name my-pod-identity --delete-role-assignment
  - name: Remove several pod identities in one write, one of them in another namespace.
    text: >-
        az aks pod-identity delete --resource-group MyResourceGroup --cluster-name MyCluster --namespace my-app
        --name my-pod-identity --name other-app/broken-identity
"""

HELP["aks pod-identity list"] = """
type: command
short-summary: List the pod identities of a cluster.
long-summary: The JSON is the managed cluster; the entries are in its podIdentityProfile. A table has a row an entry.
examples:
  - name: Show the pod identities of a cluster as a table.
    text: az aks pod-identity list --resource-group MyResourceGroup --cluster-name MyCluster --output table
  - name: Print the names of the pod identities in one namespace.
    text: >-
        az aks pod-identity list --resource-group MyResourceGroup --cluster-name MyCluster --namespace my-app
        --query podIdentityProfile.userAssignedIdentities[].name --output tsv
"""

HELP["aks pod-identity show"] = """
type: command
short-summary: Show one pod identity, with its provisioning state and the reason where it failed.
examples:
  - name: Show a pod identity.
    text: >-
        az aks pod-identity show --resource-group MyResourceGroup --cluster-name MyCluster --namespace my-app
        --name my-pod-identity
"""

HELP["aks pod-identity check"] = """
type: command
short-summary: Find out what is wrong with the pod identities of a cluster, and the commands that mend it.
long-summary: >-
    Reads the cluster, the managed identities, the roles of the cluster identity over them, and what the subscription
    has registered. Changes nothing. Each finding has a severity (error, warning or info), the name of the check, a
    subject, a message and, where one helps, a command to be pasted. What the account may not read is a finding too.
examples:
  - name: Show what is wrong, worst first.
    text: az aks pod-identity check --resource-group MyResourceGroup --cluster-name MyCluster --output table
  - name: Print the commands that mend the errors.
    text: >-
        az aks pod-identity check --resource-group MyResourceGroup --cluster-name MyCluster
        --query "[?severity=='error' && command].command" --output tsv
  - name: Let a pipeline fail where something is wrong.
    text: >-
        az aks pod-identity check --resource-group MyResourceGroup --cluster-name MyCluster --fail-on error
"""

HELP["aks pod-identity migrate"] = """
type: command
short-summary: Migrate the workloads of a cluster to Microsoft Entra Workload ID, and disable the add-on.
long-summary: >-
    Without an action, the command prints a plan and changes nothing: the features to enable, the federated identity
    credentials to create, the changes of each workload, and the decisions that you have to take. --approve carries out
    the Azure side, and --output-dir writes the Kubernetes side to files. The first step adds workload identity to the
    workloads and keeps the label aadpodidbinding, so that pod identity keeps working. When --status shows that pods
    have tokens, the second step (--remove-labels) removes the label. --finish then disables the add-on. Each action can
    be interrupted and run again. Enabling the OIDC issuer and --finish cannot be undone, and ask first.
examples:
  - name: Print the plan for the workloads that kubectl reads from the cluster.
    text: az aks pod-identity migrate --resource-group MyResourceGroup --cluster-name MyCluster --output table
  - name: Print the plan for the manifests in a folder and in the output of another program.
    text: >-
        az aks pod-identity migrate --resource-group MyResourceGroup --cluster-name MyCluster --workloads ./manifests -
  - name: Print the plan for the workloads of a private cluster.
    text: az aks pod-identity migrate --resource-group MyResourceGroup --cluster-name MyCluster --run-command
  - name: Create the credentials, and write the first step for the manifests in a folder.
    text: >-
        az aks pod-identity migrate --resource-group MyResourceGroup --cluster-name MyCluster --workloads ./manifests
        --new-service-accounts --approve --output-dir ./first-step
  - name: Show which workloads still need the add-on, and whether their pods have tokens.
    text: az aks pod-identity migrate --resource-group MyResourceGroup --cluster-name MyCluster --status --output table
  - name: Write the second step, which removes the label from workloads whose pods have tokens.
    text: >-
        az aks pod-identity migrate --resource-group MyResourceGroup --cluster-name MyCluster --remove-labels
        --output-dir ./second-step
  - name: Remove the pod identities, their roles and the exceptions, and disable the add-on.
    text: az aks pod-identity migrate --resource-group MyResourceGroup --cluster-name MyCluster --finish
  - name: Remove the federated identity credentials that this command created.
    text: az aks pod-identity migrate --resource-group MyResourceGroup --cluster-name MyCluster --undo --yes
"""

HELP["aks pod-identity wait"] = """
type: command
short-summary: Wait until a pod identity meets a condition.
long-summary: --created and --updated are met when the pod identity is Assigned.
examples:
  - name: Wait until a pod identity that was added with --no-wait is Assigned.
    text: >-
        az aks pod-identity wait --resource-group MyResourceGroup --cluster-name MyCluster --namespace my-app
        --name my-pod-identity --created
"""

HELP["aks pod-identity exception"] = """
type: group
short-summary: Manage the exceptions of a cluster's pod identities.
long-summary: >-
    A pod with any one of an exception's labels reaches the instance metadata service without being intercepted by
    the node agent.
"""

HELP["aks pod-identity exception add"] = """
type: command
short-summary: Except pods with any one of some labels.
examples:
  - name: Except the pods with the label app=my-app.
    text: >-
        az aks pod-identity exception add --resource-group MyResourceGroup --cluster-name MyCluster --namespace my-app
        --name my-exception --pod-labels app=my-app
"""

HELP["aks pod-identity exception update"] = """
type: command
short-summary: Replace the labels of an exception.
examples:
  - name: Except the pods with one or the other label.
    text: >-
        az aks pod-identity exception update --resource-group MyResourceGroup --cluster-name MyCluster
        --namespace my-app --name my-exception --pod-labels app=my-app tier=backend
"""

HELP["aks pod-identity exception delete"] = """
type: command
short-summary: Remove an exception.
examples:
  - name: Remove an exception.
    text: >-
        az aks pod-identity exception delete --resource-group MyResourceGroup --cluster-name MyCluster
        --namespace my-app --name my-exception
"""

HELP["aks pod-identity exception list"] = """
type: command
short-summary: List the exceptions of a cluster.
long-summary: The JSON is the managed cluster; the entries are in its podIdentityProfile. A table has a row an entry.
examples:
  - name: Show the exceptions of a cluster as a table.
    text: az aks pod-identity exception list --resource-group MyResourceGroup --cluster-name MyCluster --output table
"""

HELP["aks pod-identity exception show"] = """
type: command
short-summary: Show one exception.
examples:
  - name: Show an exception.
    text: >-
        az aks pod-identity exception show --resource-group MyResourceGroup --cluster-name MyCluster
        --namespace my-app --name my-exception
"""

helps.update(HELP)
