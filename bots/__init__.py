"""Speaks to payers: the portal engine, the portals, secrets, evidence. Imports nothing of jobs."""
