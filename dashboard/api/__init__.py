"""The read API: what programs may ask, by tokens, of the same reads that the pages ask.

``endpoints`` declares every question once: what may be asked of it (``asked``), what it answers
(``shapes``), who may (a scope). ``server`` answers by these declarations, and ``document`` writes
them down as OpenAPI, so the two cannot disagree.
"""
