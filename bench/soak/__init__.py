"""The soak: a server under a mixed and hostile load for minutes, which must hold nothing more at its end."""
