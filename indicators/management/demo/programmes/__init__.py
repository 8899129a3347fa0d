"""The five demo programmes, one file each. Facts about the frameworks are public; results are illustrative."""
