"""The words everyone uses: money, business days, metrics, settings, errors. Pure."""
