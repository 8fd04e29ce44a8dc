"""whorl: a Spin-style serverless HTTP platform in Python that runs WebAssembly components."""
