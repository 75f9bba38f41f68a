"""Readers of publishers' files: each turns them into frames of the schema, with a report."""
