"""Many runs: what varies, the protocol of a fair comparison, where runs go, and what they say."""
