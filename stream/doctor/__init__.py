"""`weir doctor`: what is wrong around Weir, and what to do about it."""
