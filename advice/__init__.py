"""Advice: why sales changed, who does well for a store of its kind. Frames in, reasons out."""
