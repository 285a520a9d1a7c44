"""The price book: prices of `prices.yaml` and of the catalogue, names of models, and stored versions."""
