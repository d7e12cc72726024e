"""`purser reconcile`: the ledger, proven from its tables."""

import click

from commandline.database import load_settings, on_database, reach_database


class _NotFoundOut(click.ClickException):
    """Neither well nor wrong."""

    exit_code = 2


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for scripts.")
def reconcile(as_json: bool) -> None:
    """Prove the ledger from its tables, beside whatever the service is doing.

    Exits with 0 where all is well, 1 where something is wrong, and 2 where that could not be found out.
    """
    import asyncio

    from commandline.findings import tell_findings
    from ledger.reconciliation import NotReconcilableError

    try:
        settings = load_settings()
        if settings.database_url is None and not settings.data_dir.exists():
            raise click.ClickException(f"There is no ledger in {settings.data_dir}.")
        with reach_database(settings) as dsn:
            is_well = on_database(lambda: asyncio.run(tell_findings(dsn, as_json=as_json)))
    except (NotReconcilableError, click.ClickException) as refused:
        raise _NotFoundOut(str(refused)) from None
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
        raise SystemExit(130) from None
    raise SystemExit(0 if is_well else 1)
