"""The steps, how they are planned and leased, and the sandbox they run in."""
