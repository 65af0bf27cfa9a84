"""The use cases over many clusters."""
