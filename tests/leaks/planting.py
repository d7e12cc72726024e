"""What is planted in requests, and where it must not come up."""

import itertools
from dataclasses import dataclass, field
from pathlib import Path

# Each planted value begins with it, so that one that was cut short is found as well.
MARK = "s3cr3t"
# So much of a token tells it from all else, wherever it is cut short.
TOKEN_CHARACTERS = 12


@dataclass
class Plants:
    """The values that were planted. `tokens`: secrets that the service made up itself."""

    tokens: dict[str, str] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def plant(self, name: str) -> str:
        """A value that must not come up anywhere, in which `name` says what it was."""
        return f"{MARK}{name}{next(self._numbers)}"

    def keep(self, name: str, token: str) -> str:
        """The token, which must not come up either: neither its beginning nor its end."""
        self.tokens[f"{name} {len(self.tokens)}"] = token
        return token

    def found_in(self, text: str) -> list[str]:
        """What of all this came up, with the line that it came up in."""
        found = []
        lowered = text.lower()
        for name, token in {"planted": MARK, **self.tokens}.items():
            for part in {token[:TOKEN_CHARACTERS], token[-TOKEN_CHARACTERS:]}:
                at = lowered.find(part.lower())
                if at >= 0:
                    found.append(f"{name}: …{text[max(0, at - 200) : at + 100]}…")
        return found


def written_below(folder: Path) -> dict[str, str]:
    """All logs and outputs that were written below the folder, by their names."""
    files = [*folder.glob("*.log"), *folder.glob("data/postgresql.log*")]
    return {str(file.relative_to(folder)): file.read_text(errors="replace") for file in files}
