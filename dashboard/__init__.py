"""The board: log-in, frame and pages in Dash. Wired in ``dashboard.wsgi`` only."""
