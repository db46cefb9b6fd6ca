"""The service's code; `app.main.create_app` puts it together."""
