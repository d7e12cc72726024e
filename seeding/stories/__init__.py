"""What may happen: a story each, told step by step as time passes. A file for each part of life."""
