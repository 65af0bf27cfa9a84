"""Builds the wheel that `az extension add --source` installs."""

from pathlib import Path

from setuptools import find_packages, setup

VERSION = "0.1.0"
HERE = Path(__file__).parent

setup(
    name="podidentity",
    version=VERSION,
    description="Pod-managed identities of AKS clusters: az aks pod-identity",
    long_description=(HERE / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    author="The podidentity authors",
    python_requires=">=3.10",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: System Administrators",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
    ],
    packages=find_packages(include=["azext_podidentity", "azext_podidentity.*"]),
    package_data={"azext_podidentity": ["azext_metadata.json"], "azext_podidentity.manifest": ["schema.json"]},
    # What azure-cli ships is imported from there; a copy of the extension's own would shadow the host's for every
    # other command. This one azure-cli does not ship; it is pure Python and needs nothing else.
    install_requires=["fastjsonschema~=2.21"],
)
