"""The small interfaces of WASI on the host's side: clocks, random, environment, log and exit."""
