"""whorl: a Spin-style serverless HTTP platform in Python that runs WebAssembly components."""

__version__ = "0.1.0"
