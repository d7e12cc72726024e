"""What clients see: scalars, types, inputs, payloads, the root, and the HTTP endpoint they meet."""
