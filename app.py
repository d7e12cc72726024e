"""The ASGI application: routes, middleware, lifespan. It wires and decides nothing."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from auth.export_links import ExportLinks
from auth.limits.rate_limits import RateLimits
from auth.principal import Principal
from auth.service import Auth
from exports.downloads import Downloads
from ledger.service import Ledger
from runtime.database import open_pool
from runtime.exposition import Exposition, metrics_route
from runtime.http.guards import guard
from runtime.http.health import health_routes
from runtime.http.metrics import IN_PROGRESS, RequestCounter
from runtime.http.tracing import TracedRequests
from runtime.metrics import Gathering, connections_of, memory_of, sampling
from runtime.orm import models_pool, open_orm
from runtime.settings import Settings
from runtime.tracing import tracing
from schema.context import Context
from schema.failures import FailureCode
from schema.requests.compiled import compile_run
from schema.requests.endpoint import Caller, GraphQLEndpoint
from schema.requests.tracing import traced_run
from schema.root import schema
from web.graphiql import graphiql_page
from web.static_files import static_files

# A refusal comes within a second, also where the database is too slow for what is asked.
POOL_WAIT_SECONDS_MAX = 0.8


def create_app(settings: Settings) -> ASGIApp:
    """The service with these settings. `settings.database_url` must name a database whose schema is current."""
    dsn = settings.database_url
    if dsn is None:
        raise ValueError("create_app needs database_url; `purser serve` provides the embedded server's")

    requests = RequestCounter(FailureCode)
    ended = Gathering(requests.count)
    limits = RateLimits(settings.rate_limit_per_account, settings.rate_limit_per_address)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(_open_parts(app, settings, dsn, limits))
            app.state.exposition = Exposition(app.state.ledger.backlog.metrics)
            requests.take_over()
            await stack.enter_async_context(ended.counting())
            await stack.enter_async_context(
                sampling(
                    "requests",
                    memory_of("api"),
                    connections_of(
                        settings.database_pool_max, ledger=lambda: app.state.pool, models=models_pool
                    ),
                    app.state.ledger.sample,
                    lambda: IN_PROGRESS.set(served.in_progress),
                )
            )
            yield

    def make_context(caller: Caller, principal: Principal | None) -> Context:
        return Context(settings, app.state.auth, app.state.ledger, principal, caller.address, caller.origin)

    async def authenticate(token: str) -> Principal:
        auth: Auth = app.state.auth
        return await auth.authenticator.authenticate(token)

    def find_parts() -> tuple[ExportLinks, Ledger]:
        return app.state.auth.export_links, app.state.ledger

    graphql = GraphQLEndpoint(
        schema,
        make_context,
        authenticate,
        settings,
        limits,
        graphiql=graphiql_page if settings.graphiql else None,
        make_run=traced_run(compile_run) if settings.traces else compile_run,
    )
    app = Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", RedirectResponse("/graphql")),
            *health_routes(
                lambda request: request.app.state.pool,
                lambda request: request.app.state.ledger.backlog.told(),
            ),
            metrics_route(lambda request: request.app.state.exposition),
            Route("/exports/{link}", Downloads(find_parts, limits), methods=["GET"]),
            Mount("/static", static_files),
        ],
    )

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        # Straight to the endpoint: every charge would pay for Starlette's layers, and none has a use for them.
        chosen = graphql if scope["type"] == "http" and scope["path"] == "/graphql" else app
        await chosen(scope, receive, send)

    served = guard(
        route,
        ended.add,
        allowed_hosts=settings.allowed_hosts,
        allowed_origins=settings.allowed_origins,
    )
    return TracedRequests(served) if settings.traces else served


@asynccontextmanager
async def _open_parts(
    app: Starlette, settings: Settings, dsn: str, limits: RateLimits
) -> AsyncIterator[None]:
    """Opens what requests are answered with, each part before those that need it."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(tracing(settings, "api"))
        await stack.enter_async_context(open_orm(dsn, settings.database_pool_max))
        app.state.pool = await stack.enter_async_context(
            open_pool(dsn, settings.database_pool_max, wait_seconds_max=POOL_WAIT_SECONDS_MAX)
        )
        await stack.enter_async_context(limits.open(dsn))
        app.state.auth = await stack.enter_async_context(Auth.open(settings, app.state.pool))
        app.state.ledger = await stack.enter_async_context(Ledger.open(settings, dsn, app.state.pool))
        yield
