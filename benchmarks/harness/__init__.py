"""What the benchmarks of the sending side share."""
