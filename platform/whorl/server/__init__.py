"""The server: sockets, uvicorn, worker processes, signals and draining."""
