"""Triggers: what makes a component run."""
