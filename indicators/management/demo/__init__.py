"""The demo: real frameworks and published context, illustrative results from a fixed seed."""
