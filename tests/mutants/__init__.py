"""Whether the tests notice: small changes of the pure core (mutants), each of which some test ought to fail."""
