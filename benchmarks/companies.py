"""Companies for the batch to report on: ledgers of a few thousand invoices, each another one, from a seed.

    python benchmarks/companies.py FOLDER [companies] [invoices]

Writes FOLDER/portfolio.yaml and a folder per company with factures.csv, reglements.csv and clients.csv. Nothing in
them is real.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

AS_OF = date(2026, 6, 30)
FIRST = date(2024, 1, 1)
INVOICES = ("Facture", "Nature", "N° client", "Client", "Date facture", "Échéance", "Devise", "Montant TTC",
            "Montant HT", "Taux TVA", "Litige du", "Motif du litige", "Compte")  # fmt: skip
SETTLEMENTS = ("N° règlement", "Facture", "N° client", "Référence", "Nature", "Devise", "Montant", "Date règlement",
               "Date lettrage", "Compte")  # fmt: skip
CUSTOMERS = ("N° client", "Client", "Segment", "Chargé de recouvrement", "Limite de crédit", "Conditions de règlement",
             "Pays")  # fmt: skip
_STEMS = ("Vor", "Tan", "Zel", "Mir", "Kas", "Dov", "Bren", "Lux", "Pol", "Quor")
_ENDS = ("tana", "vex", "dric", "moul", "sert", "gand", "loup", "zine", "bord", "fel")
_TRADES = ("Menuiserie", "Transports", "Négoce", "Bâtiment", "Conseil", "Emballages", "Fonderie", "Distribution")


def name(draw: random.Random) -> str:
    """Name of a company that does not exist."""
    return f"{draw.choice(_STEMS)}{draw.choice(_ENDS)}{draw.choice(_ENDS)} {draw.choice(_TRADES)}"


def money(cents: int) -> str:
    """Amount as a French file writes it."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100},{abs(cents) % 100:02d}"


def _day(when: date) -> str:
    return f"{when:%d/%m/%Y}"


def write_company(folder: Path, seed: int, invoices: int = 5_000) -> str:
    """Write the three files of one company; returns its name."""
    draw = random.Random(seed)
    company = f"{name(draw)} {seed:04d}"
    clients = [
        (f"C{number:05d}", name(draw), draw.choice((30, 30, 45, 60))) for number in range(max(20, invoices // 25))
    ]
    span = (AS_OF - FIRST).days
    bills, receipts = [], []
    for number in range(invoices):
        code, called, days = draw.choice(clients)
        issued = FIRST + timedelta(draw.randrange(span))
        due = issued + timedelta(days)
        net = draw.randrange(5_000, 900_000)
        vat = round(net * 0.2)
        piece = f"F{number:06d}"
        disputed = draw.random() < 0.02
        bills.append((piece, "Facture", code, called, _day(issued), _day(due), "EUR", money(net + vat), money(net),
                      "20 %", _day(issued + timedelta(20)) if disputed else "",
                      draw.choice(("prix", "qualité", "quantité")) if disputed else "", "411000"))  # fmt: skip
        paid = due + timedelta(int(draw.gauss(8, 14)))
        if disputed or paid > AS_OF or draw.random() < 0.03:
            continue
        parts = [net + vat] if draw.random() < 0.9 else [(net + vat) // 2, net + vat - (net + vat) // 2]
        for part, cents in enumerate(parts):
            when = max(paid + timedelta(15 * part), issued)
            if when <= AS_OF:
                receipts.append((f"R{number:06d}-{part}", piece, code, f"VIR {number}", "Encaissement", "EUR",
                                 money(cents), _day(when), _day(when), "411000"))  # fmt: skip
    for number in range(10):
        code, _, _ = draw.choice(clients)
        when = _day(AS_OF - timedelta(draw.randrange(60)))
        receipts.append((f"N{number:03d}", "", code, f"VIR N{number}", "Encaissement", "EUR",
                         money(draw.randrange(1_000, 200_000)), when, "", "411000"))  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    people = [
        (code, called, draw.choice(("PME", "Grand compte")), draw.choice(("A. Martel", "B. Vesnin")),
         money(draw.randrange(10, 90) * 100_000), f"{days} jours", "FR")
        for code, called, days in clients
    ]  # fmt: skip
    for file, heading, rows in (("factures", INVOICES, bills), ("reglements", SETTLEMENTS, receipts),
                                ("clients", CUSTOMERS, people)):  # fmt: skip
        with (folder / f"{file}.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, delimiter=";")
            writer.writerows([heading, *rows])
    return company


def _row(number: int, pattern: str, other: str) -> Callable[[list[str]], list[str]]:
    """Change of one row of a file."""
    return lambda rows: [*rows[:number], re.sub(pattern, other, rows[number], count=1), *rows[number + 1 :]]


class Way(NamedTuple):
    """A way in which a company's files go wrong."""

    file: str
    change: Callable[[list[str]], list[str]]
    told: str  # part of what the reader must be told


WAYS = {
    "empty": Way("factures", lambda rows: [], "le fichier est vide"),
    "no ledger": Way("factures", lambda rows: ["%PDF-1.7", *rows], "le contenu est de type PDF"),
    "heading lost": Way("factures", _row(0, "Montant TTC", "X"), "amount / open_amount introuvable"),
    "bad date": Way("factures", _row(9, r"\d\d/\d\d/\d{4}", "31/02/2026"), "« 31/02/2026 » n'est pas une date"),
    "bad amount": Way("reglements", _row(5, r"\d+,\d\d", "12,a0"), "« 12,a0 » n'est pas un montant"),
    "cut row": Way("factures", _row(7, r"(?<=^.{12}).*", ""), "factures.csv, ligne 8 : 2 colonnes sur cette ligne"),
    "invoice twice": Way("factures", lambda rows: [*rows, rows[3]], "identique à une ligne précédente"),
    "payment of nothing": Way(
        "reglements", _row(4, r"F\d{6}", "F999999"), "aucune pièce ne porte le numéro « F999999 »"
    ),
    "two headings alike": Way(
        "factures", lambda rows: [f"{rows[0]};Montant TTC", *[f"{row};1,00" for row in rows[1:]]], "plusieurs intitulés"
    ),
    "customers without number": Way("clients", _row(0, "N° client", "Y"), "customer_id introuvable"),
}


def break_company(folder: Path, way: str) -> None:
    """Spoil the files of one company."""
    path = folder / f"{WAYS[way].file}.csv"
    rows = WAYS[way].change(path.read_text(encoding="utf-8").splitlines())
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def write_portfolio(folder: Path, companies: int, invoices: int = 5_000) -> Path:
    """Write companies and the portfolio that names them."""
    named = [
        (f"{number:04d}", write_company(folder / f"{number:04d}", number, invoices)) for number in range(companies)
    ]
    with (folder / "societes.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=";")
        writer.writerow(("output", "société", "grand livre", "règlements", "clients"))
        for place, company in named:
            files = (f"{place}/{file}.csv" for file in ("factures", "reglements", "clients"))
            writer.writerow((place, company, *files))
    path = folder / "portfolio.yaml"
    path.write_text("report: monthly\nlanguage: fr\ncompanies: societes.csv\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("companies", type=int, nargs="?", default=100)
    parser.add_argument("invoices", type=int, nargs="?", default=5_000)
    asked = parser.parse_args()
    print(write_portfolio(asked.folder, asked.companies, asked.invoices))
