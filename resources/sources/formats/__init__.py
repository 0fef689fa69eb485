"""The formats of a file: from its bytes to a table, a module each, with `read`."""
