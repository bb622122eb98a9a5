"""What every process needs: addresses, signals, children and changing files."""
