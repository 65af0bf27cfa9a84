"""The only rooms that talk to Azure."""
