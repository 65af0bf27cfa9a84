# SPDX-License-Identifier: MIT
"""Build the wheel that `az extension add --source` installs."""

from setuptools import find_packages, setup

VERSION = "0.1.0"
# `az extension show` prints it, so it is short.
DESCRIPTION = """\
Manage pod identities in Azure Kubernetes Service (AKS): the command group `az aks pod-identity` and the pod identity
flags of `az aks create` and `az aks update`. Commands, options and output are compatible with the aks-preview
extension. `az aks pod-identity check` diagnoses a cluster, and `az aks pod-identity migrate` moves workloads to
Microsoft Entra Workload ID.
"""

setup(
    name="podidentity",
    version=VERSION,
    description="Manage pod identities in Azure Kubernetes Service (AKS): az aks pod-identity",
    long_description=DESCRIPTION,
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    author="The podidentity authors",
    keywords=["aks", "azure", "azure-cli", "kubernetes", "pod-identity", "workload-identity"],
    platforms=["any"],
    python_requires=">=3.10",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Intended Audience :: System Administrators",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3 :: Only",
        "Topic :: System :: Systems Administration",
    ],
    packages=find_packages(include=["azext_podidentity", "azext_podidentity.*"]),
    package_data={"azext_podidentity": ["azext_metadata.json"], "azext_podidentity.manifest": ["schema.json"]},
    # Packages that azure-cli ships are imported from there: an extension's own copy would shadow the host's for every
    # other command. azure-cli does not ship this one, which is pure Python and has no dependencies.
    install_requires=["fastjsonschema~=2.21"],
)
