"""What several test files ask of a refusal, and of the sentences of a module."""

import csv
from pathlib import Path

import pytest

import cmtools
from cmtools.schemas import InputError


def codes(call, *arguments, **named):
    """Codes and columns of what is wrong; the error reads in both languages."""
    with pytest.raises(InputError) as caught:
        call(*arguments, **named)
    assert all(caught.value.text(language) for language in ("fr", "en"))
    return [(defect.code, defect.column) for defect in caught.value.defects]


def unused_sentences(module):
    """Keys of a module's sentences that its source neither names nor makes from parts."""
    folder = Path(cmtools.__file__).parent
    source = (folder / f"{module}.py").read_text(encoding="utf-8")
    with (folder / "reference" / "messages" / f"{module}.csv").open(encoding="utf-8", newline="") as file:
        keys = [row["key"] for row in csv.DictReader(file)]
    assert keys
    parts = {key: key.split("_") for key in keys}
    made = {key for key in keys if any(f"{'_'.join(parts[key][:n])}_{{" in source for n in range(1, len(parts[key])))}
    return [key for key in keys if key not in made and f'"{key}"' not in source]
