"""Rules about stored resources."""
