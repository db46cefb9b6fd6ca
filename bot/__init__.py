"""idp-bot: a Slack bot that takes a developer from a form to a live URL.

How a request travels through the folders:

1. ``slack``: `/idp new-app` opens a modal that is drawn from a template's own parameters.
2. ``usecases``: what was filled in becomes one checked request, or problems under the fields at fault.
3. ``domain``: what the words mean (requests, names, approvals, jobs); it asks the world nothing.
4. ``pipeline``: a worker takes the job; each step is a function from facts to a fact.
5. ``ports`` and ``adapters``: what the steps need, and the vendors that give it.
6. ``web``: systems call (health, metrics, webhooks); ``app`` puts all of it together from ``settings``.
"""
