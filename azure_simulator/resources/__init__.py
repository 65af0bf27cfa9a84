"""One module or package a resource provider: its state, its rules and its routes."""
