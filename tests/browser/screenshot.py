"""Takes docs/images/graphiql.png from a running service:

python -m tests.browser.screenshot http://127.0.0.1:8000 docs/images/graphiql.png
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.browser.chromium import opened
from tests.browser.explorer import Explorer

STEPS = ("SignUpClient", "CreateWallet", "Deposit", "SignUpCompany", "CompanyWallet", "Charge")


async def take(origin: str, image: Path) -> None:
    with tempfile.TemporaryDirectory() as profile:
        async with opened(Path(profile)) as context:
            explorer = Explorer(context.pages[0], origin)
            await explorer.open()
            for step in STEPS:
                await explorer.choose_tab(step)
                await explorer.run()
            image.parent.mkdir(parents=True, exist_ok=True)
            await explorer.page.screenshot(path=image)


if __name__ == "__main__":
    asyncio.run(take(sys.argv[1].rstrip("/"), Path(sys.argv[2])))
