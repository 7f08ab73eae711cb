"""What runs for long, from the outside: streams over batches, matrices in files, and how far they are."""
