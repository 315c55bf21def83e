"""What a what-if control drew last, for the tests of the controls."""

from html import unescape

from cmtools import widgets
from cmtools.language import HARD, THIN


class Screen(list):
    """What the last drawing displayed."""

    @property
    def text(self):
        shown = " ".join(item.data for item in self if hasattr(item, "data") and isinstance(item.data, str))
        return unescape(shown).replace(HARD, " ").replace(THIN, " ")

    @property
    def figures(self):
        return [item for item in self if hasattr(item, "layout")]


def screen_of(monkeypatch, module):
    """Screen on which a module of controls draws from now on."""
    shown = Screen()
    for place in {widgets, module}:
        monkeypatch.setattr(place, "display", shown.append)
    monkeypatch.setattr(widgets, "clear_output", lambda wait=False: shown.clear())
    return shown
