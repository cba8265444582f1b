"""One file a step, thin over `media` and `vision`."""
