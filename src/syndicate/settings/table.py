"""What every table of `syndicate.toml` has in common."""

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """What holds for every table: no other keys than its own, and no change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
