"""The parts of the Digests page: its lists, its forms, what it changes, how a digest looks."""
