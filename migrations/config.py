"""What aerich.ini points to: the database of this environment's settings, for the `aerich` command.

Without DATABASE_URL it is the embedded one, which must be up: `make run` in another terminal.
"""

from runtime.orm import tortoise_config
from runtime.settings import Settings

_settings = Settings.load()
TORTOISE_ORM = tortoise_config(_settings.database_url or (_settings.data_dir / "dsn").read_text())
