"""Matrix products: cache-blocked, vectorized, and shared by the threads of a pool."""
