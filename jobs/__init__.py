"""Decides when and why. Imports bots; never Playwright."""
