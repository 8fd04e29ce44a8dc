"""What guests may use of the host. `catalogue` is the list."""
