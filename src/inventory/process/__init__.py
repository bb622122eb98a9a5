"""What any process needs: addresses, signals, children and files that change."""
