"""The object store, and the layout of the keys we write."""
