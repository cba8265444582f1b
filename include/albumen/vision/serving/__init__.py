"""Models behind a network connection: the open inference protocol (KServe v2), both ends of it."""
