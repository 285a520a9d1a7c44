"""The price book: prices as people and the catalogue write them, the names they go by, and versions kept."""
