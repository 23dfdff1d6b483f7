"""`weir demo`: a broker, a worker and a simulated API, and what comes of it."""
