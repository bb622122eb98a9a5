"""The OpenAPI description of the HTTP interface, and the texts in it."""
