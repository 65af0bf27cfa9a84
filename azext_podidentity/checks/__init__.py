"""What can be wrong with a cluster's pod identities: small pure checks over one snapshot, all listed in `table`."""
