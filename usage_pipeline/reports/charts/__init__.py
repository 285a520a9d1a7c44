"""The charts of a report, as SVG. They are drawn once for all formats; floats are in them as pixels only."""
