"""Values and rules of collectors."""
