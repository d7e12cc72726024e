"""The way of a GraphQL request: received by HTTP, read, measured, compiled once, carried out and answered."""
