"""Bridges: interfaces that a guest imports and Python implements, by generated components and generated codecs."""
