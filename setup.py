# SPDX-License-Identifier: MIT
"""Build the wheel that `az extension add --source` installs. pyproject.toml has its metadata."""

from setuptools import find_packages, setup

VERSION = "0.1.0"

setup(
    version=VERSION,
    packages=find_packages(include=["azext_podidentity", "azext_podidentity.*"]),
    package_data={"azext_podidentity": ["azext_metadata.json"], "azext_podidentity.manifest": ["schema.json"]},
)
