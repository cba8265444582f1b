"""The kinds of memory, one file each; `albumen.memories.registry` lists them."""
