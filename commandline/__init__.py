"""The commands of `purser`, a file each kind; cli.py gathers them."""
