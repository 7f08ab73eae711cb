"""What the graph alone tells about the Hessian."""
