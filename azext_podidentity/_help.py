"""The help of the group and its commands, in knack's YAML."""

from __future__ import annotations

from knack.help_files import helps

from azext_podidentity._help_fleet import FLEET_HELP

HELP: dict[str, str] = {**FLEET_HELP}

_IDENTITY_ID = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/MyResourceGroup"
    "/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
)
_CLUSTER = "--resource-group MyResourceGroup --cluster-name MyCluster"
_READ = "Required permissions: Microsoft.ContainerService/managedClusters/read on the cluster."
_WRITE = "Required permissions: Microsoft.ContainerService/managedClusters/read and write on the cluster."
_GRANT = """Required permissions: Microsoft.ContainerService/managedClusters/read and write on the cluster,
    Microsoft.ManagedIdentity/userAssignedIdentities/read on the managed identity, and
    Microsoft.Authorization/roleAssignments/read. If the role must be granted, also
    Microsoft.Authorization/roleAssignments/write on the managed identity. Without the permissions for role
    assignments, have an owner grant the role and pass --skip-role-assignment."""

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
    values, the cluster is not changed. Several managed identities are added in one update of the cluster, or none.


    {_GRANT}
examples:
  - name: Add a pod identity for pods that have the label aadpodidbinding=my-pod-identity.
    text: >-
        az aks pod-identity add {_CLUSTER} --namespace my-app --name my-pod-identity --identity-resource-id
        {_IDENTITY_ID}/my-identity
  - name: Add three pod identities, named after their managed identities, in one update of the cluster.
    text: >-
        az aks pod-identity add {_CLUSTER} --namespace my-app --identity-resource-id {_IDENTITY_ID}/my-identity
        {_IDENTITY_ID}/my-second-identity {_IDENTITY_ID}/my-third-identity
  - name: Add a second managed identity for the same pods by sharing a binding selector.
    text: >-
        az aks pod-identity add {_CLUSTER} --namespace my-app --name my-second-identity --binding-selector my_selector
        --identity-resource-id {_IDENTITY_ID}/my-second-identity
  - name: Rebind a managed identity that was deleted and recreated.
    text: >-
        az aks pod-identity add {_CLUSTER} --namespace my-app --name my-pod-identity --force --identity-resource-id
        {_IDENTITY_ID}/my-identity
"""

HELP["aks pod-identity update"] = """
type: command
short-summary: Update the binding selector or the managed identity of a pod identity.
long-summary: >-
    Changes the pod identity in one write, without removing it in between. If the cluster identity has no role on the
    managed identity, grants it the Managed Identity Operator role. Running the command again changes nothing. The
    role on the former managed identity is kept; the command shows how to remove it.
examples:
  - name: Give a pod identity another binding selector.
    text: >-
        az aks pod-identity update --resource-group MyResourceGroup --cluster-name MyCluster --namespace my-app
        --name my-pod-identity --binding-selector my_selector
  - name: Bind another managed identity.
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
    after. With --prune, roleAssignments lists the roles that removed pod identities leave behind, with the commands
    that remove them once nothing needs them.


    Without --resource-group and --cluster-name, the files are applied to the clusters that their list clusters selects
    by name, resourceGroup, subscription and tags. The output then has one row per cluster.


    {_GRANT} With --dry-run, read permissions are enough.
examples:
  - name: Preview the changes that a file would make.
    text: az aks pod-identity apply {_CLUSTER} --file pod-identities.yaml --dry-run
  - name: Fail a pipeline if the cluster differs from the file, and write a report for a pull request.
    text: >-
        az aks pod-identity apply {_CLUSTER} --file pod-identities.yaml --dry-run --fail-on-change --report changes.md
  - name: Apply a file to all clusters that its list clusters selects.
    text: az aks pod-identity apply --file pod-identities.yaml
  - name: Make a cluster match the files in a folder, without prompting.
    text: az aks pod-identity apply {_CLUSTER} --file pod-identities --prune --yes
"""

HELP["aks pod-identity export"] = f"""
type: command
short-summary: Export the pod identities and exceptions of a cluster as YAML.
long-summary: >-
    Prints a file that az aks pod-identity apply accepts. Entries are sorted by namespace and name, so the same
    entries always give the same text. With --output or --query, the content is printed in that format.


    {_READ}
examples:
  - name: Save the pod identities of a cluster to a file.
    text: az aks pod-identity export {_CLUSTER} | tee pod-identities.yaml
  - name: Export the pod identities of a cluster as JSON.
    text: az aks pod-identity export {_CLUSTER} --output json
"""

HELP["aks pod-identity delete"] = f"""
type: command
short-summary: Delete pod identities from a managed Kubernetes cluster.
long-summary: >-
    If the cluster identity has lost its role on the managed identity, the role is granted again so that the removal
    can succeed.


    {_WRITE} With --delete-role-assignment, also
    Microsoft.Authorization/roleAssignments/read and delete on the managed identity. If a lost role must be granted
    again, also Microsoft.Authorization/roleAssignments/write.
examples:
  - name: Delete a pod identity and the role assignment that was created for it.
    text: az aks pod-identity delete {_CLUSTER} --namespace my-app --name my-pod-identity --delete-role-assignment
  - name: Delete pod identities in two namespaces at once.
    text: >-
        az aks pod-identity delete {_CLUSTER} --namespace my-app --name my-pod-identity --name other-app/other-identity
"""

HELP["aks pod-identity list"] = f"""
type: command
short-summary: List the pod identities in a managed Kubernetes cluster.
long-summary: >-
    The JSON output is the managed cluster, as in aks-preview, with the pod identities in
    podIdentityProfile.userAssignedIdentities. A --query starts there: [].name, for example, finds nothing. The table
    output has one row per pod identity.


    {_READ}
examples:
  - name: List the pod identities in a cluster as a table.
    text: az aks pod-identity list {_CLUSTER} --output table
  - name: Get the names of the pod identities in one namespace.
    text: >-
        az aks pod-identity list {_CLUSTER} --namespace my-app --query podIdentityProfile.userAssignedIdentities[].name
        --output tsv
"""

HELP["aks pod-identity show"] = f"""
type: command
short-summary: Show the details of a pod identity.
long-summary: >-
    The output includes the provisioning state and, if the pod identity failed, the error of the service.


    {_READ}
examples:
  - name: Show a pod identity.
    text: az aks pod-identity show {_CLUSTER} --namespace my-app --name my-pod-identity
"""

HELP["aks pod-identity check"] = f"""
type: command
short-summary: Diagnose the pod identities of a cluster and suggest fixes.
long-summary: >-
    Checks the cluster, the managed identities, the roles of the cluster identity and the feature registration. Nothing
    is changed without --repair. Each finding has a severity (error, warning or info), the name of the check, a
    subject, a message and, if there is one, a command that fixes the problem.


    With --workloads, --context or --run-command, it also reads pods, nodes, the node agent and the AzureIdentity
    objects of the cluster, and reports why pods get no managed identity. With --pod, it returns the steps from the
    labels of one pod to its token, each with its state (Ok, Warning, Error or Unknown), and the result in one sentence.


    With --all-clusters, the clusters of all subscriptions are checked in parallel. Each finding also has the cluster.
    A cluster that cannot be read is a finding, and the exit code is then 4.


    Required permissions: Microsoft.ContainerService/managedClusters/read on the cluster. To check managed identities
    and roles, also Microsoft.ManagedIdentity/userAssignedIdentities/read and
    Microsoft.Authorization/roleAssignments/read. What you have no permission to read is reported as a finding.
    With --repair, also Microsoft.ContainerService/managedClusters/write and
    Microsoft.Authorization/roleAssignments/write.
    With --context, your Kubernetes account must be allowed to list the objects. With --run-command, also
    Microsoft.ContainerService/managedClusters/runcommand/action and commandResults/read.
examples:
  - name: Show the problems of a cluster, most severe first.
    text: az aks pod-identity check {_CLUSTER} --output table
  - name: Get the commands that fix the errors.
    text: >-
        az aks pod-identity check {_CLUSTER} --query "[?severity=='error' && command].command" --output tsv
  - name: Fail a pipeline if the check finds an error.
    text: az aks pod-identity check {_CLUSTER} --fail-on error
  - name: Check also the pods, nodes and node agents of the cluster.
    text: az aks pod-identity check {_CLUSTER} --context myAKSCluster --output table
  - name: Show what can be fixed safely.
    text: az aks pod-identity check {_CLUSTER} --repair --dry-run --output table
  - name: Fix what can be fixed safely.
    text: az aks pod-identity check {_CLUSTER} --repair
  - name: Follow one pod from its label to its token, and say why it gets no managed identity.
    text: az aks pod-identity check {_CLUSTER} --pod my-app/demo --output table
  - name: Check which managed identities the pods of a manifest will get.
    text: az aks pod-identity check {_CLUSTER} --workloads demo.yaml --namespace my-app
  - name: Check the clusters of all subscriptions, and write a report for a wiki.
    text: az aks pod-identity check --all-clusters --report report.md --output table
"""

HELP["aks pod-identity migrate"] = f"""
type: command
short-summary: Migrate the workloads of a cluster to Microsoft Entra Workload ID, and disable the add-on.
long-summary: >-
    Without an action, the command prints a plan and changes nothing: the features to enable, the federated identity
    credentials to create, the changes of each workload, and the decisions that you have to take. --approve carries out
    the Azure side, and --output-dir writes the Kubernetes side to files. The first step adds workload identity to the
    workloads and keeps the label aadpodidbinding, so that pod identity keeps working. When --status shows that pods
    have tokens, the second step (--remove-labels) removes the label. --finish then disables the add-on. Each action can
    be interrupted and run again. Enabling the OIDC issuer and --finish cannot be undone, and ask first. The output of
    --finish lists the role assignments that were removed, and those that were kept and why.


    With --all-clusters, the command shows how far all clusters are, as far as Azure shows it, and which managed
    identities would need more federated identity credentials than Azure allows.


    Required permissions: Microsoft.ContainerService/managedClusters/read on the cluster and
    Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read on the managed identities.
    With --approve or --undo, also write or delete for the credentials. With --approve or --finish, also
    Microsoft.ContainerService/managedClusters/write. With --finish, also
    Microsoft.Authorization/roleAssignments/read and delete. With --run-command, also
    Microsoft.ContainerService/managedClusters/runcommand/action and commandResults/read. With --target
    identity-binding, also Microsoft.ContainerService/managedClusters/identityBindings/read, write and delete.
    Identity bindings require azure-cli 2.88.0 or later.
examples:
  - name: Print the plan for the workloads that kubectl reads from the cluster.
    text: az aks pod-identity migrate {_CLUSTER} --output table
  - name: Print the plan for the manifests in a folder and in the output of another program.
    text: >-
        az aks pod-identity migrate {_CLUSTER} --workloads ./manifests -
  - name: Print the plan for the workloads of a private cluster.
    text: az aks pod-identity migrate {_CLUSTER} --run-command
  - name: Create the credentials, and write the first step for the manifests in a folder.
    text: >-
        az aks pod-identity migrate {_CLUSTER} --workloads ./manifests
        --new-service-accounts --approve --output-dir ./first-step
  - name: Use an identity binding for a managed identity that would exceed the limit of 20 credentials.
    text: >-
        az aks pod-identity migrate {_CLUSTER} --target identity-binding --identities my-identity --approve
        --output-dir ./first-step
  - name: Show which workloads still need the add-on, and whether their pods have tokens.
    text: az aks pod-identity migrate {_CLUSTER} --status --output table
  - name: Show how far the clusters of all subscriptions are.
    text: az aks pod-identity migrate --all-clusters --output table
  - name: Write the second step, which removes the label from workloads whose pods have tokens.
    text: >-
        az aks pod-identity migrate {_CLUSTER} --remove-labels
        --output-dir ./second-step
  - name: Remove the pod identities, their roles and the exceptions, and disable the add-on.
    text: az aks pod-identity migrate {_CLUSTER} --finish
  - name: Remove the federated identity credentials and identity bindings that this command created.
    text: az aks pod-identity migrate {_CLUSTER} --undo --yes
"""

HELP["aks pod-identity wait"] = f"""
type: command
short-summary: Wait until a pod identity meets a condition.
long-summary: >-
    The conditions --created and --updated are met when the provisioning state is Assigned.


    {_READ}
examples:
  - name: Wait until a pod identity that was added with --no-wait is assigned.
    text: az aks pod-identity wait {_CLUSTER} --namespace my-app --name my-pod-identity --created
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
long-summary: "{_WRITE}"
examples:
  - name: Add an exception for pods that have the label app=my-app.
    text: az aks pod-identity exception add {_CLUSTER} --namespace my-app --name my-exception --pod-labels app=my-app
"""

HELP["aks pod-identity exception update"] = f"""
type: command
short-summary: Replace the labels of a pod identity exception.
long-summary: "{_WRITE}"
examples:
  - name: Make an exception match pods that have either of two labels.
    text: >-
        az aks pod-identity exception update {_CLUSTER} --namespace my-app --name my-exception --pod-labels app=my-app
        tier=backend
"""

HELP["aks pod-identity exception delete"] = f"""
type: command
short-summary: Delete pod identity exceptions from a managed Kubernetes cluster.
long-summary: "{_WRITE}"
examples:
  - name: Delete an exception.
    text: az aks pod-identity exception delete {_CLUSTER} --namespace my-app --name my-exception
"""

HELP["aks pod-identity exception list"] = f"""
type: command
short-summary: List the pod identity exceptions in a managed Kubernetes cluster.
long-summary: >-
    The JSON output is the managed cluster, as in aks-preview, with the exceptions in
    podIdentityProfile.userAssignedIdentityExceptions. A --query starts there: [].name, for example, finds nothing. The
    table output has one row per exception.


    {_READ}
examples:
  - name: List the exceptions in a cluster as a table.
    text: az aks pod-identity exception list {_CLUSTER} --output table
"""

HELP["aks pod-identity exception show"] = f"""
type: command
short-summary: Show the details of a pod identity exception.
long-summary: "{_READ}"
examples:
  - name: Show an exception.
    text: az aks pod-identity exception show {_CLUSTER} --namespace my-app --name my-exception
"""

helps.update(HELP)
