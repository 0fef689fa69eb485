"""The command `sectorforge`, a file a group of commands."""
