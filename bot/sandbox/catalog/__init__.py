"""A catalog that speaks Backstage's REST API, fed by the files of registered locations, with pages for people.

It reads GitLab with Backstage's own calls and has Backstage's own ways: a location is accepted before it is read, an
invalid entity simply never appears, the first definition of an entity wins, and what broke later keeps its old state.
"""

from bot.sandbox.catalog.server import Catalog, serve

__all__ = ["Catalog", "serve"]
