"""Platform files and APIs to canonical payments to the warehouse."""
