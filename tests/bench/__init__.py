"""The benchmark: everything beside its floor, in the same run."""
