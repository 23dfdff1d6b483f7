"""What is read off prompt text before the text is dropped."""
