"""Moves bytes: Kafka, files, metrics and the command line around the engine of `detectors`."""
