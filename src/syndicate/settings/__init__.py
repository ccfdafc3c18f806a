"""The settings of the operator: reads, checks and converts `syndicate.toml`."""

from syndicate.settings.display import DisplayedSetting
from syndicate.settings.settings import Settings, json_schema, load

__all__ = ["DisplayedSetting", "Settings", "json_schema", "load"]
