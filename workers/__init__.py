"""Celery: the wiring, the doors of the jobs, and when they are opened."""
