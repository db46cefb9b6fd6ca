"""Systems call: health, metrics, webhooks and Slack over HTTP."""
