"""What clients see: scalars, types, inputs, payloads and the root; requests/ is the way of a request to its answer."""
