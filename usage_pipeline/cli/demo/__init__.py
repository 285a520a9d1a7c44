"""The command `demo`: made-up logs of a whole platform, landed, computed, compared with what is known of them."""
