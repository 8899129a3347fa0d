"""Documents: the reports that leave the screen, built by workers."""
