"""Exports that are made regularly: their list in words, and the form of one."""
