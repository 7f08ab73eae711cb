"""Second derivatives by row: ys [B] or [B, q], of which row b depends on row b of x alone."""
