"""Prepared rows in, pictures out: Plotly figures for the board, in one set of tokens. Pure."""
