"""Write the grid, the risk levels and the delegation that a user edits: the defaults of cmtools, in French.

python data/make_credit.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from cmtools.delegation import delegation_sheet
from cmtools.grids import grid_sheet, risk_level_sheet


def write(path: Path, sheet: pd.DataFrame) -> None:
    """Semicolons, decimal comma, byte order mark: a French Excel opens it as it is."""
    sheet.to_csv(path, sep=";", index=False, encoding="utf-8-sig", lineterminator="\r\n")


def main(folder: Path) -> None:
    """Write every file."""
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "grille.csv", grid_sheet(language="fr"))
    write(folder / "niveaux_risque.csv", risk_level_sheet(language="fr"))
    write(folder / "delegations.csv", delegation_sheet(language="fr"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
