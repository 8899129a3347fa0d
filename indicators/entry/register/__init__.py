"""Course registers: how people, scores and answers get in, and how figures are proposed from them."""
