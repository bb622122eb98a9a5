"""What the pages about resources are made of: their list, their columns, their data, their history."""
