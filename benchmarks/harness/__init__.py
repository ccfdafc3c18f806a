"""Services, repositories, databases and receivers for benchmarks."""
