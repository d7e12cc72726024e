"""What a browser sees of Purser: GraphiQL on its page, and that page's files, all served from here."""

from web.graphiql import graphiql_page
from web.static_files import static_files

__all__ = ["graphiql_page", "static_files"]
