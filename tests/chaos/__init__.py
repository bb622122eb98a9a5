"""The service under kills: real processes, random faults from a seed, and what must be true afterwards."""
