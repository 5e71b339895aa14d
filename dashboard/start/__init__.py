"""The guide of the first run: chain, stores, files, places, done."""
