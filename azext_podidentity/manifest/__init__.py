"""The YAML files in which people keep pod identities: read, written, and compared with a cluster."""
