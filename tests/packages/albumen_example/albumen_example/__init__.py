"""What another team adds to Albumen: a step, a memory kind, a publisher."""
