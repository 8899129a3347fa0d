"""What the register of a course run says: figures, intervals and refusals, level by level. Pure."""
