"""Small summaries of streams, named by the question they answer."""
