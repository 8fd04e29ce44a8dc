"""Requests that guests send: what a component may reach, the client behind one seam, and the host interface."""
