"""The formats of reports. Each takes the same report, and shows its tables without computing anything of them."""
