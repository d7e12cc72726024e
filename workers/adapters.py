"""Which bank the workers use: the operator names an adapter, or the URL of a bank that speaks our own protocol."""

import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from runtime.settings import Settings
from workers.bank import Bank
from workers.http_bank import HttpBank

OpenBank = Callable[[Settings], AbstractAsyncContextManager[Bank]]


class AdapterError(Exception):
    """PURSER_BANK names nothing that opens a bank. The message is for the operator."""


class BankNotOpened(Exception):
    """The adapter that PURSER_BANK names could not open its bank just now. The message is for the operator."""


@asynccontextmanager
async def open_bank(settings: Settings) -> AsyncIterator[Bank | None]:
    """The bank of the settings until the end of the block, None where they name none.

    Raises AdapterError or BankNotOpened; what the adapter raises once it is open comes through.
    """
    if settings.bank is not None:
        adapter = find_adapter(settings.bank)
        try:
            opened = adapter(settings)
        except Exception as fault:
            raise AdapterError(f"PURSER_BANK: {settings.bank} raised {type(fault).__name__}.") from fault
        if not isinstance(opened, AbstractAsyncContextManager):
            raise AdapterError(f"PURSER_BANK: {settings.bank} gives no async context manager.")
        async with AsyncExitStack() as stack:
            try:
                bank = await stack.enter_async_context(opened)
            except (Exception, SystemExit) as fault:
                raise BankNotOpened(
                    f"PURSER_BANK: {settings.bank} could not be opened ({type(fault).__name__})."
                ) from fault
            yield bank
    elif settings.bank_url is not None:
        seconds_max, connections_max = settings.withdrawal_seconds_max, settings.withdrawal_concurrency
        async with HttpBank(settings.bank_url, seconds_max, connections_max) as bank:
            yield bank
    else:
        yield None


def find_adapter(path: str) -> OpenBank:
    """What stands at the import path "package.module:name". Raises AdapterError."""
    module_name, _, name = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError as refused:
        raise AdapterError(f"PURSER_BANK: {module_name} can't be imported: {refused}.") from refused
    except Exception as fault:
        raise AdapterError(f"PURSER_BANK: {module_name} raised {type(fault).__name__}.") from fault
    found = getattr(module, name, None)
    if found is None:
        raise AdapterError(f"PURSER_BANK: {module_name} has no {name}.")
    if not callable(found):
        raise AdapterError(f"PURSER_BANK: {path} can't be called.")
    adapter: OpenBank = found
    return adapter
