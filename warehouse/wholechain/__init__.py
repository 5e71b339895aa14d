"""A chain as a whole: which tables it has, taken along as an archive, removed for good."""
