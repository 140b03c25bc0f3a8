"""Measurements of Guanjia beside something that does the same work: `python -m bench`. Ratios, never numbers alone."""
