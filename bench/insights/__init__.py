"""Measures how well insights find what was planted and foresee what came, and what they take.

It prints the tables of docs/forecasting.md. The data is made, or is that of real logs beside the checkout.
"""
