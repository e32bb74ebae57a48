"""The benchmark: protocol 1, its runs and its rows. `python -m spikedrive.benchmark --help`."""
