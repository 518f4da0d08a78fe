"""Faxes: the packet, the lines that carry it, and the letters that come back. Knows nothing of jobs."""
