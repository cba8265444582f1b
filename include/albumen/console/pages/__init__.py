"""The pages, one file each: a module with `router`, named in `albumen.console.navigation`."""
