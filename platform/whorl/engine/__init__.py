"""The engine: the only part that knows wasmtime. Compiles components and runs their instances as fibers on asyncio."""
