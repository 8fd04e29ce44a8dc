"""The table `[component.x.tool.whorl]`."""

from dataclasses import fields

from whorl.app.manifest.settings_table import SettingsTable
from whorl.app.settings import ComponentSettings


def test_each_setting_has_a_key_of_its_name() -> None:
    assert list(SettingsTable.model_fields) == [field.name for field in fields(ComponentSettings)]


def test_an_empty_table_says_the_defaults() -> None:
    assert SettingsTable().settings() == ComponentSettings()


def test_what_is_written_is_converted_and_the_rest_stays_as_it_is() -> None:
    table = SettingsTable.model_validate({"memory": "64MiB", "timeout": "1.5s", "reuse": 10})
    assert table.settings() == ComponentSettings(memory=64 << 20, timeout=1.5, reuse=10)
