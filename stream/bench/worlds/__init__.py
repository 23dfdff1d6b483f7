"""Simulated worlds, replayed and scored: `weir bench worlds` and `weir bench life`."""
