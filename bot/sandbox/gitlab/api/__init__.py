"""REST v4: one module per resource; each lists its routes and presents through `entities`."""
