"""The benchmarks: what a request costs, beside what the HTTP server alone costs in the same run."""
