"""What products with a symmetric matrix tell about it: diagonal, trace, eigenvalues, spectrum, with their errors."""
