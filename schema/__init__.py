"""What clients see: scalars, types, inputs, payloads and the root."""
