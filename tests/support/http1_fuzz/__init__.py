"""Bytes at random against the incoming door: inputs, what a strict reader makes of them, and what must never happen."""
