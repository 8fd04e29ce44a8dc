"""The attacks: what clients of one component that mean harm cost the clients of another."""
