"""The pages; each module declares a ``dashboard.frame.Page``."""
