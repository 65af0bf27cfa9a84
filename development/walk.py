# SPDX-License-Identifier: MIT
"""The commands of the demo, in the order in which they are typed. Only data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One command: its purpose, its command line, and its expected result."""

    purpose: str
    command: str
    keep_as: str = ""
    """The shell variable that holds the command's output for later steps, where there is one."""
    exit_code: int = 0


@dataclass(frozen=True)
class Section:
    """Steps that belong together."""

    title: str
    steps: tuple[Step, ...]


WALK = (
    Section(
        "A cluster with pod identity",
        (
            Step("A resource group", "az group create --name myResourceGroup --location eastus -o table"),
            Step(
                "An AKS cluster with Azure CNI, pod identity enabled",
                """\
az aks create \\
    --resource-group myResourceGroup \\
    --name myAKSCluster \\
    --enable-pod-identity \\
    --network-plugin azure \\
    --generate-ssh-keys \\
    --query podIdentityProfile""",
            ),
        ),
    ),
    Section(
        "An identity for pods",
        (
            Step(
                "A resource group for it",
                "az group create --name myIdentityResourceGroup --location eastus -o table",
            ),
            Step(
                "A managed identity",
                """\
az identity create --resource-group myIdentityResourceGroup \\
    --name application-identity -o table""",
            ),
            Step(
                "Its resource ID",
                """\
az identity show --resource-group myIdentityResourceGroup \\
    --name application-identity --query id -o tsv""",
                keep_as="IDENTITY_RESOURCE_ID",
            ),
            Step(
                "Add it for the pods of a namespace. The role that the cluster identity needs is granted too",
                """\
az aks pod-identity add \\
    --resource-group myResourceGroup \\
    --cluster-name myAKSCluster \\
    --namespace my-app \\
    --name my-pod-identity \\
    --identity-resource-id "$IDENTITY_RESOURCE_ID" \\
    -o table""",
            ),
            Step(
                "The pod identities of the cluster",
                """\
az aks pod-identity list --resource-group myResourceGroup --cluster-name myAKSCluster \\
    -o table""",
            ),
            Step(
                "One of them",
                """\
az aks pod-identity show --resource-group myResourceGroup --cluster-name myAKSCluster \\
    --namespace my-app --name my-pod-identity""",
            ),
            Step(
                "The role of the cluster identity on the managed identity",
                """\
az role assignment list --scope "$IDENTITY_RESOURCE_ID" \\
    --query "[].{role: roleDefinitionName, principal: principalId}" -o table""",
            ),
        ),
    ),
    Section(
        "Several identities for one application",
        (
            Step(
                "A second managed identity",
                """\
az identity create --resource-group myIdentityResourceGroup \\
    --name storage-identity --query id -o tsv""",
                keep_as="STORAGE_IDENTITY_ID",
            ),
            Step(
                "A third one",
                """\
az identity create --resource-group myIdentityResourceGroup \\
    --name database-identity --query id -o tsv""",
                keep_as="DATABASE_IDENTITY_ID",
            ),
            Step(
                "Add it with a binding selector that both share",
                """\
az aks pod-identity add \\
    --resource-group myResourceGroup \\
    --cluster-name myAKSCluster \\
    --namespace my-app \\
    --name storage \\
    --identity-resource-id "$STORAGE_IDENTITY_ID" \\
    --binding-selector myMultiIdentitySelector \\
    -o none""",
            ),
            Step(
                "Pods with the label aadpodidbinding: myMultiIdentitySelector can use both",
                """\
az aks pod-identity add \\
    --resource-group myResourceGroup \\
    --cluster-name myAKSCluster \\
    --namespace my-app \\
    --name database \\
    --identity-resource-id "$DATABASE_IDENTITY_ID" \\
    --binding-selector myMultiIdentitySelector \\
    -o table""",
            ),
        ),
    ),
    Section(
        "A sample application",
        (
            Step(
                "The client ID of one of the two",
                """\
az identity show --ids "$DATABASE_IDENTITY_ID" \\
    --query clientId -o tsv""",
                keep_as="DATABASE_CLIENT_ID",
            ),
            Step(
                "A pod with one managed identity, and a pod with two that selects one by client ID",
                """\
cat > demo.yaml <<END
apiVersion: v1
kind: Pod
metadata:
  name: demo
  namespace: my-app
  labels:
    aadpodidbinding: my-pod-identity
spec:
  nodeSelector:
    kubernetes.io/os: linux
  restartPolicy: Never
  containers:
    - name: demo
      image: mcr.microsoft.com/azure-cli
      command: ["sh", "-c", "az login --identity && az account get-access-token --query expiresOn"]
---
apiVersion: v1
kind: Pod
metadata:
  name: demo-of-two
  namespace: my-app
  labels:
    aadpodidbinding: myMultiIdentitySelector
spec:
  nodeSelector:
    kubernetes.io/os: linux
  restartPolicy: Never
  containers:
    - name: demo
      image: mcr.microsoft.com/azure-cli
      env:
        - name: AZURE_CLIENT_ID
          value: $DATABASE_CLIENT_ID
      command: ["sh", "-c", "az login --identity --client-id \\$AZURE_CLIENT_ID"]
END""",
            ),
            Step(
                "Check which managed identities the pods will get",
                """\
az aks pod-identity check --resource-group myResourceGroup --cluster-name myAKSCluster \\
    --workloads demo.yaml -o table""",
            ),
            Step(
                "Trace one of them. Steps that a manifest cannot show have a question mark",
                """\
az aks pod-identity check --resource-group myResourceGroup --cluster-name myAKSCluster \\
    --workloads demo.yaml --pod my-app/demo -o table""",
            ),
        ),
    ),
    Section(
        "Exceptions: pods that are not intercepted",
        (
            Step(
                "Let pods with this label reach the instance metadata service directly",
                """\
az aks pod-identity exception add \\
    --resource-group myResourceGroup \\
    --cluster-name myAKSCluster \\
    --namespace monitoring \\
    --name agents \\
    --pod-labels app=node-agent \\
    -o none""",
            ),
            Step(
                "Update the exception to match pods that have any of these labels",
                """\
az aks pod-identity exception update \\
    --resource-group myResourceGroup \\
    --cluster-name myAKSCluster \\
    --namespace monitoring \\
    --name agents \\
    --pod-labels app=node-agent tier=infrastructure \\
    -o none""",
            ),
            Step(
                "The exceptions of the cluster",
                """\
az aks pod-identity exception list \\
    --resource-group myResourceGroup --cluster-name myAKSCluster -o table""",
            ),
            Step(
                "Delete the exception",
                """\
az aks pod-identity exception delete \\
    --resource-group myResourceGroup \\
    --cluster-name myAKSCluster \\
    --namespace monitoring \\
    --name agents \\
    -o none""",
            ),
        ),
    ),
    Section(
        "Cleaning up",
        (
            Step(
                "Delete the pod identity, and the role of the cluster identity on the managed identity",
                """\
az aks pod-identity delete \\
    --resource-group myResourceGroup \\
    --cluster-name myAKSCluster \\
    --namespace my-app \\
    --name my-pod-identity \\
    --delete-role-assignment \\
    -o none""",
            ),
            Step(
                "The role assignment is removed",
                'az role assignment list --scope "$IDENTITY_RESOURCE_ID"',
            ),
            Step(
                "Delete the managed identity",
                "az identity delete --resource-group myIdentityResourceGroup --name application-identity",
            ),
            Step(
                "Delete the second pod identity",
                """\
az aks pod-identity delete --resource-group myResourceGroup --cluster-name myAKSCluster \\
    --namespace my-app --name storage --delete-role-assignment -o none""",
            ),
            Step(
                "Delete the third pod identity",
                """\
az aks pod-identity delete --resource-group myResourceGroup --cluster-name myAKSCluster \\
    --namespace my-app --name database --delete-role-assignment -o none""",
            ),
            Step(
                "Disable the add-on",
                """\
az aks update --resource-group myResourceGroup --name myAKSCluster \\
    --disable-pod-identity --query 'podIdentityProfile.enabled || `false`'""",
            ),
        ),
    ),
    Section(
        "A cluster with kubenet",
        (
            Step(
                "With kubenet, a pod can impersonate another pod, so the add-on requires explicit consent",
                """\
az aks create \\
    --resource-group myResourceGroup \\
    --name myKubenetCluster \\
    --network-plugin kubenet \\
    --enable-pod-identity \\
    --generate-ssh-keys""",
                exit_code=1,
            ),
            Step(
                "The cluster without pod identity",
                """\
az aks create \\
    --resource-group myResourceGroup \\
    --name myKubenetCluster \\
    --network-plugin kubenet \\
    --generate-ssh-keys \\
    --query '{name: name, networkPlugin: networkProfile.networkPlugin, state: provisioningState}' \\
    -o table""",
            ),
            Step(
                "Enable the add-on later, with consent",
                """\
az aks update --resource-group myResourceGroup --name myKubenetCluster \\
    --enable-pod-identity --enable-pod-identity-with-kubenet --query podIdentityProfile""",
            ),
            Step(
                "Add a pod identity. Its name defaults to that of the managed identity",
                """\
az aks pod-identity add \\
    --resource-group myResourceGroup \\
    --cluster-name myKubenetCluster \\
    --namespace my-app \\
    --identity-resource-id "$STORAGE_IDENTITY_ID" \\
    -o table""",
            ),
        ),
    ),
    Section(
        "Many clusters",
        (
            Step(
                "A third cluster",
                """\
az aks create \\
    --resource-group myResourceGroup \\
    --name mySecondCluster \\
    --network-plugin azure \\
    --enable-pod-identity \\
    --generate-ssh-keys \\
    --query provisioningState""",
            ),
            Step(
                "The clusters of all subscriptions. Without --include-disabled, only those with the add-on",
                "az aks pod-identity list-clusters --include-disabled -o table",
            ),
            Step(
                "One file for two of them",
                """\
cat > fleet.yaml <<END
version: 1
clusters:
- name: myKubenet*
- name: mySecond*
podIdentities:
- namespace: my-app
  name: storage-identity
  identity:
    name: storage-identity
    resourceGroup: myIdentityResourceGroup
END""",
            ),
            Step(
                "In a pipeline, exit code 5 means that a cluster differs from the file",
                "az aks pod-identity apply --file fleet.yaml --dry-run --fail-on-change -o table",
                exit_code=5,
            ),
            Step("Apply the file to the clusters that differ", "az aks pod-identity apply --file fleet.yaml -o table"),
            Step("Check all clusters", "az aks pod-identity check --all-clusters -o table"),
            Step("The migration status of each", "az aks pod-identity migrate --all-clusters -o table"),
        ),
    ),
    Section(
        "Migrate off the add-on",
        (
            Step(
                "A workload that uses that pod identity",
                """\
cat > web.yaml <<END
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: my-app}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels:
        app: web
        aadpodidbinding: storage-identity
    spec:
      serviceAccountName: web
      containers: [{name: web, image: "web:1"}]
END""",
            ),
            Step(
                "Plan its migration to Microsoft Entra Workload ID. Nothing is changed",
                """\
az aks pod-identity migrate --resource-group myResourceGroup --cluster-name myKubenetCluster \\
    --workloads web.yaml -o table""",
            ),
            Step(
                "Make the changes in Azure and write the first step to files. The label is kept",
                """\
az aks pod-identity migrate --resource-group myResourceGroup --cluster-name myKubenetCluster \\
    --workloads web.yaml --approve --yes --output-dir first-step --query credentials""",
            ),
            Step("What sh first-step/apply.sh changes", "cat first-step/patches/*.yaml"),
            Step(
                "Make the same change in your own manifest",
                """\
awk '{print} sub(/aadpodidbinding: .*/, "azure.workload.identity/use: \\"true\\"") {print}' web.yaml > prepared.yaml""",
            ),
            Step(
                "The second step removes the label from workloads that are prepared",
                """\
az aks pod-identity migrate --resource-group myResourceGroup --cluster-name myKubenetCluster \\
    --workloads prepared.yaml first-step/patches/my-app_serviceaccount_web.yaml --remove-labels \\
    --output-dir second-step --query workloads""",
            ),
            Step(
                "The manifest without the label",
                """\
sed 's|aadpodidbinding: .*|azure.workload.identity/use: "true"|' web.yaml > moved.yaml""",
            ),
            Step(
                "The workload is ready",
                """\
az aks pod-identity migrate --resource-group myResourceGroup --cluster-name myKubenetCluster \\
    --workloads moved.yaml first-step/patches/my-app_serviceaccount_web.yaml --status -o table""",
            ),
            Step(
                "Use an identity binding for a managed identity that would exceed the limit of 20 credentials",
                """\
az aks pod-identity migrate --resource-group myResourceGroup --cluster-name myKubenetCluster \\
    --workloads web.yaml --target identity-binding --identities storage-identity \\
    --approve --output-dir binding-step --query identityBindings""",
            ),
            Step("Who can use the binding", "cat binding-step/identity-binding-roles.yaml"),
            Step(
                "Remove the pod identities and disable the add-on. With manifests only, this requires --force",
                """\
az aks pod-identity migrate --resource-group myResourceGroup --cluster-name myKubenetCluster \\
    --workloads moved.yaml first-step/patches/my-app_serviceaccount_web.yaml --finish --yes --force -o table""",
            ),
        ),
    ),
)
