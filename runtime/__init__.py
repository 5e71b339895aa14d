"""Running Tillboard: the command line, the embedded servers, the demo chain, backup and restore."""
