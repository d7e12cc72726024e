"""GraphiQL as a person drives it, with everything the browser complained about along the way."""

import json
from asyncio import sleep
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import ConsoleMessage, Error, Locator, Page, Request

ANSWER_SECONDS_MAX = 10.0


@dataclass
class Explorer:
    """A browser's tab. `complaints` is what its console and network had to say, `addresses` all it asked."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        self.page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        self.page.on("request", self._note_request)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith("data:"):
            self.addresses.append(request.url)

    async def open(self) -> None:
        async with self.page.expect_response(self._is_answer):  # the schema, which GraphiQL asks for first
            await self.page.goto(f"{self.origin}/graphql")
        await self.query_editor.wait_for()

    @property
    def query_editor(self) -> Locator:
        return self.page.locator(".graphiql-query-editor .CodeMirror")

    @property
    def variable_editor(self) -> Locator:
        return self.page.locator(".graphiql-editor-tool .CodeMirror").first

    @property
    def notice(self) -> Locator:
        return self.page.get_by_role("status")

    def identity(self, role: str) -> Locator:
        return self.page.get_by_role("radio", name=role)

    async def choose_tab(self, title: str) -> None:
        tabs = self.page.get_by_role("tablist", name="Select active operation")
        await tabs.get_by_role("button", name=title, exact=True).click()

    async def type_query(self, document: str) -> None:
        await self.page.get_by_label("New tab").click()
        await self.query_editor.click()
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.type(document)
        await self.page.keyboard.press("Escape")

    async def run(self) -> dict[str, Any]:
        """Runs the tab's operation by the keyboard; what the service sent and the page then shows."""
        await self.query_editor.click()
        async with self.page.expect_response(self._is_answer) as answering:
            await self.page.keyboard.press("Control+Enter")
        answer: dict[str, Any] = await (await answering.value).json()
        for _ in range(int(ANSWER_SECONDS_MAX / 0.05)):
            if await self._shown() == answer:
                return answer
            await sleep(0.05)
        raise AssertionError(f"never shown: {answer}")

    async def _shown(self) -> Any:
        text = await text_of(self.page.locator(".result-window .CodeMirror"))
        return json.loads(text) if text else None

    def _is_answer(self, response: Any) -> bool:
        return bool(response.url == f"{self.origin}/graphql" and response.request.method == "POST")


async def text_of(editor: Locator) -> str:
    """All of an editor's text, the lines scrolled out of sight included."""
    try:
        return str(await editor.evaluate("element => element.CodeMirror.getValue()", timeout=1_000))
    except Error:
        return ""
