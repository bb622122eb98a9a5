"""stat and analyze (contract, section 3): typed stages, and the pipelines made of them."""
