"""The manifest `spin.toml`: its text with line numbers, its schema, and messages that name the cure."""
