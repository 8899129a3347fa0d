"""How a day, a month and a moment are written in each language (Django's FORMAT_MODULE_PATH)."""
