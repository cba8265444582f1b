"""`python -m albumen.cli`: what the bootstrap script runs."""

from albumen.cli import main

main()
