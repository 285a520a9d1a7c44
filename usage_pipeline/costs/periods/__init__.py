"""Billing periods: what is due, what holds it open, closing it, and what it comes to."""
