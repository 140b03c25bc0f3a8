"""The command line: parse, one call, print. Nothing is decided here; `main` is the one entry."""
