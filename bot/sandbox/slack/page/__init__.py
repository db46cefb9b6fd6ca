"""The page: a chat client in the browser, drawn on the server and kept fresh over a socket."""
