"""Time and memory of the aged balance and the monthly DSO on millions of invoices, beside the same written by hand.

    python benchmarks/big_ledger.py [invoices] [--engines duckdb polars ...] [--keep FOLDER]

DuckDB makes the ledger as Parquet. Nine items in ten are settled, a fifth of them in two times; some receipts are on no
item; there are credit notes, retention money, disputes, doubtful claims, two currencies. Each engine then computes
``cm.open_items`` with ``cm.aged_balance``, and ``cm.dso_by_month``, in a process of its own, and so does a program that
uses the engine alone and keeps the same rules. All results must agree to the cent.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

AS_OF = "2026-05-31"  # the ledger goes on for a month, and payments for some more
FIRST, DAYS = "2023-07-01", 1096
CHUNK = 5_000_000  # invoices of a file
ENGINES = ("duckdb", "polars_lazy", "polars", "pandas", "spark")
ROUNDS = 3
MEMORY = "3GB"  # for DuckDB; what is more goes to a temporary folder
# Columns of an aged balance and of the DSO: what the frames in memory hold.
COLUMNS = {
    "invoices": "item_id customer_id document kind issue_date due_date booking_date currency amount book_amount "
    "retention dispute_from dispute_until dispute_reason doubtful_from account",
    "settlements": "settlement_id item_id customer_id document kind currency amount book_amount payment_date "
    "allocation_date account",
}
AMOUNTS = ("not_due", "d1_30", "d31_60", "d61_90", "d91_120", "over_120", "unknown_age", "unallocated", "total")

# Draws that depend on the number of the invoice alone: the same on any number of threads.
MACROS = """
CREATE MACRO draw(i, salt, n) AS (hash(i * 64 + salt) % n)::BIGINT;
CREATE MACRO is_credit(i) AS i > 0 AND draw(i, 1, 100) < 3;
CREATE MACRO linked(i) AS is_credit(i) AND NOT is_credit(i - 1) AND draw(i, 2, 2) = 0;
CREATE MACRO billed(i) AS 1000 + draw(i, 3, 3000000);
CREATE MACRO cents(i) AS CASE WHEN linked(i) THEN -(billed(i - 1) // 10) WHEN is_credit(i) THEN -(billed(i) // 10)
                              ELSE billed(i) END;
CREATE MACRO credited(i) AS CASE WHEN linked(i + 1) THEN billed(i) // 10 ELSE 0 END;
CREATE MACRO item(i) AS printf('F%09d', i);
CREATE MACRO customer(i) AS printf('C%07d', draw(CASE WHEN linked(i) THEN i - 1 ELSE i END, 4, {customers}));
CREATE MACRO in_usd(i) AS draw(CASE WHEN linked(i) THEN i - 1 ELSE i END, 5, 100) < 3;
CREATE MACRO money(i) AS CASE WHEN in_usd(i) THEN 'USD' ELSE 'EUR' END;
CREATE MACRO booked(i, c) AS CASE WHEN in_usd(i) THEN round(c * 0.92) / 100 ELSE c / 100 END;
CREATE MACRO day(n) AS TIMESTAMP '{first}' + to_days(n::INTEGER);
CREATE MACRO issued(i) AS i * {days} // {count};
CREATE MACRO due(i) AS issued(i) + [30, 45, 60][1 + (hash(customer(i)) % 3)::BIGINT];
CREATE MACRO paid(i) AS due(i) - 15 + draw(i, 7, 75);
CREATE MACRO lag(i) AS CASE WHEN draw(i, 8, 5) = 0 THEN draw(i, 9, 8) ELSE 0 END;
"""
INVOICES = """
SELECT item(i) AS item_id, customer(i) AS customer_id, printf('FA-%d', i) AS document,
    CASE WHEN is_credit(i) THEN 'credit_note' WHEN draw(i, 10, 200) = 0 THEN 'down_payment' ELSE 'invoice' END AS kind,
    day(issued(i)) AS issue_date,
    CASE WHEN draw(i, 11, 400) = 0 THEN NULL ELSE day(due(i)) END AS due_date,
    day(issued(i) + CASE WHEN draw(i, 12, 20) = 0 THEN draw(i, 13, 4) ELSE 0 END) AS booking_date,
    money(i) AS currency, cents(i) / 100 AS amount, booked(i, cents(i)) AS book_amount,
    round(cents(i) / 1.2) / 100 AS amount_excl_vat, 0.2::DOUBLE AS vat_rate, 'standard' AS vat_regime,
    draw(i, 11, 200) = 0 AS retention,
    CASE WHEN draw(i, 14, 50) = 0 THEN day(due(i) + 5) END AS dispute_from,
    CASE WHEN draw(i, 14, 100) = 0 THEN day(due(i) + 45) END AS dispute_until,
    CASE WHEN draw(i, 14, 50) = 0 THEN 'price' END AS dispute_reason,
    CASE WHEN draw(i, 15, 300) = 0 THEN day(due(i) + 180) END AS doubtful_from,
    '411000' AS account, NULL::TIMESTAMP AS delivery_date, NULL::TIMESTAMP AS receipt_date, false AS periodic,
    NULL::VARCHAR AS goods
FROM range({low}, {high}) AS numbers(i)
"""
SETTLEMENTS = """
WITH numbers AS (SELECT i, draw(i, 16, 100) AS fate, draw(i, 17, 5) = 0 AS twice FROM range({low}, {high}) AS n(i)),
due AS (SELECT *, cents(i) - credited(i) AS owed FROM numbers WHERE NOT is_credit(i)),
parts AS (
    SELECT i, 1 AS part, CASE WHEN twice OR fate >= 90 THEN owed // 2 ELSE owed END AS c, 0 AS later FROM due
        WHERE fate < 94
    UNION ALL SELECT i, 2, owed - owed // 2, 30 FROM due WHERE fate < 90 AND twice
),
rows AS (
    SELECT printf('S%d-%d', i, part) AS settlement_id, item(i) AS item_id, customer(i) AS customer_id,
        printf('VIR-%d', draw(i, 18, {count})) AS document,
        CASE draw(i, 19, 200) WHEN 0 THEN 'write_off' WHEN 1 THEN 'set_off' WHEN 2 THEN 'bill' ELSE 'cash' END AS kind,
        i, c, paid(i) + later AS day, paid(i) + later + lag(i) AS allocated
    FROM parts
    UNION ALL SELECT printf('S%d-3', i), item(i - 1), customer(i), printf('FA-%d', i), 'credit_note', i, -cents(i),
        issued(i), issued(i) + lag(i) FROM numbers WHERE linked(i)
    UNION ALL SELECT printf('S%d-4', i), item(i), customer(i), printf('FA-%d', i), 'credit_note', i, cents(i),
        issued(i), issued(i) + lag(i) FROM numbers WHERE linked(i)
    UNION ALL SELECT printf('S%d-%d', i, 5 + half), NULL, customer(i), printf('VIR-N%d', i), 'cash', i,
        billed(i) // 4 + half, issued(i) + draw(i, 20, 60), NULL
        FROM numbers, (VALUES (0), (1)) AS halves(half) WHERE draw(i, 21, 200) = 0
)
SELECT settlement_id, item_id, customer_id, document, kind, money(i) AS currency, c / 100 AS amount,
    booked(i, c) AS book_amount, day(day) AS payment_date, day(allocated) AS allocation_date,
    CASE WHEN item_id IS NOT NULL THEN 'given' END AS match, '411000' AS account
FROM rows
"""


def make(folder: Path, count: int) -> int:
    """Write `invoices/*.parquet` and `settlements/*.parquet`; returns the number of settlements."""
    import duckdb

    connection = duckdb.connect()
    limits = f"SET memory_limit = '4GB'; SET temp_directory = '{folder / 'temp'}'"
    macros = MACROS.format(customers=max(count // 200, 10), first=FIRST, days=DAYS, count=count)
    for statement in f"{limits};{macros}".split(";"):
        if statement.strip():
            connection.sql(statement)
    for name, query in (("invoices", INVOICES), ("settlements", SETTLEMENTS)):
        (folder / name).mkdir(parents=True)
        for part, low in enumerate(range(0, count, CHUNK)):
            rows = query.format(low=low, high=min(low + CHUNK, count), count=count)
            path = folder / name / f"part_{part:03d}.parquet"
            connection.sql(f"COPY ({rows}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    return int(connection.sql(f"SELECT count(*) FROM read_parquet('{folder}/settlements/*.parquet')").fetchall()[0][0])


# ---------------------------------------------------------------- by hand

# In a settlement that names an item, the item exists: a semi-join with the few items booked later is all it takes.
AGED = """
WITH booked AS (
    SELECT item_id, customer_id, currency, due_date, retention, CAST(round(amount * 100) AS BIGINT) AS c
    FROM invoices WHERE booking_date <= TIMESTAMP '{at}'
), paid AS (
    SELECT item_id, customer_id, document, kind, currency, payment_date, allocation_date,
        CAST(round(amount * 100) AS BIGINT) AS c
    FROM settlements WHERE payment_date <= TIMESTAMP '{at}'
), later AS (
    SELECT item_id FROM invoices WHERE booking_date > TIMESTAMP '{at}'
), early AS (
    SELECT paid.* FROM paid LEFT SEMI JOIN later ON paid.item_id = later.item_id
        WHERE allocation_date <= TIMESTAMP '{at}'
), settled AS (
    SELECT item_id, sum(c) AS s FROM paid WHERE allocation_date <= TIMESTAMP '{at}' GROUP BY item_id
), receipts AS (
    SELECT customer_id, document, kind, currency, payment_date, sum(c) AS s FROM (
        SELECT * FROM paid WHERE allocation_date IS NULL OR allocation_date > TIMESTAMP '{at}'
        UNION ALL SELECT * FROM early
    ) GROUP BY customer_id, document, kind, currency, payment_date
), items AS (
    SELECT currency, customer_id, due_date, retention, CAST(c - coalesce(s, 0) AS BIGINT) AS c
        FROM booked LEFT JOIN settled ON booked.item_id = settled.item_id
    UNION ALL SELECT currency, customer_id, CAST(NULL AS TIMESTAMP), false, CAST(-s AS BIGINT) FROM receipts
), aged AS (
    SELECT currency, customer_id, c, CASE WHEN c < 0 THEN 7
        WHEN due_date >= TIMESTAMP '{at}' THEN 0 WHEN due_date >= TIMESTAMP '{d30}' THEN 1
        WHEN due_date >= TIMESTAMP '{d60}' THEN 2 WHEN due_date >= TIMESTAMP '{d90}' THEN 3
        WHEN due_date >= TIMESTAMP '{d120}' THEN 4 WHEN due_date < TIMESTAMP '{d120}' THEN 5
        WHEN retention THEN 0 ELSE 6 END AS place
    FROM items WHERE c <> 0
)
SELECT currency, customer_id, {sums}, sum(c) AS total FROM aged GROUP BY currency, customer_id
"""
BOOKED = """
SELECT 12 * year(issue_date) + month(issue_date) AS issued, 12 * year(booking_date) + month(booking_date) AS booked,
    sum(CAST(round(book_amount * 100) AS BIGINT)) AS cents,
    sum(CASE WHEN kind IN ('invoice', 'credit_note') THEN CAST(round(book_amount * 100) AS BIGINT) ELSE 0 END) AS sold
FROM invoices WHERE booking_date <= TIMESTAMP '{at}' GROUP BY 1, 2
"""
RECEIVED = """
SELECT 12 * year(payment_date) + month(payment_date) AS paid, sum(CAST(round(book_amount * 100) AS BIGINT)) AS cents
FROM settlements WHERE payment_date <= TIMESTAMP '{at}' GROUP BY 1
"""


def worded(query: str) -> str:
    """A query with its dates."""
    at = date.fromisoformat(AS_OF)
    days = {f"d{bound}": str(at - timedelta(days=bound)) for bound in (30, 60, 90, 120)}
    sums = [f"sum(CASE WHEN place = {place} THEN c ELSE 0 END) AS {name}" for place, name in enumerate(AMOUNTS[:-1])]
    return query.format(at=at, sums=", ".join(sums), **days)


def sql_by_hand(run: Callable[[str], Any]) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Both computations in SQL; `run` gives the rows as pandas."""
    return lambda: run(worded(AGED)), lambda: dso_table(run(worded(BOOKED)), run(worded(RECEIVED)))


def dso_table(booked: Any, received: Any) -> list[tuple[Any, ...]]:
    """Balance, sales of the month and both DSO at twelve month-ends, from sums by month."""
    last = 12 * int(AS_OF[:4]) + int(AS_OF[5:7])
    rows = []
    for month in range(last - 11, last + 1):
        known = booked[booked["booked"] <= month]
        owed = int(known["cents"].sum()) - int(received.loc[received["paid"] <= month, "cents"].sum())
        sold = known[known["issued"] <= month].groupby("issued")["sold"].sum().to_dict()
        days = {back: length(back) for back in range(month, int(booked["booked"].min()) - 1, -1)}
        window = [month - back for back in range(3)]
        sales = sum(int(sold.get(back, 0)) for back in window)
        by_balance = owed / sales * sum(days[back] for back in window)
        left, counted = owed, 0.0
        for back, lasting in days.items():
            if left <= 0:
                break
            cents = int(sold.get(back, 0))
            counted += lasting * left / cents if cents >= left else lasting
            left = max(left - cents, 0) if cents >= 0 else left - cents
        rows.append((owed, int(sold.get(month, 0)), round(by_balance, 6), round(counted, 6)))
    return rows


def length(month: int) -> int:
    """Days of a month given as 12 x year + month."""
    year, number = (month - 1) // 12, (month - 1) % 12 + 1
    return (date(year + number // 12, number % 12 + 1, 1) - date(year, number, 1)).days


def polars_by_hand(invoices: Any, settlements: Any) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Both computations on lazy Polars frames."""
    import polars as pl

    at = pl.lit(AS_OF).str.to_datetime("%Y-%m-%d")
    c = (pl.col("amount") * 100).round().cast(pl.Int64)
    book = (pl.col("book_amount") * 100).round().cast(pl.Int64)

    def aged() -> Any:
        booked = invoices.filter(pl.col("booking_date") <= at)
        booked = booked.select("item_id", "customer_id", "currency", "due_date", "retention", c=c)
        paid = settlements.filter(pl.col("payment_date") <= at)
        keys = ["customer_id", "document", "kind", "currency", "payment_date"]
        paid = paid.select("item_id", *keys, "allocation_date", c=c)
        applied = paid.filter(pl.col("allocation_date") <= at)
        waiting = paid.filter(pl.col("allocation_date").is_null() | (pl.col("allocation_date") > at))
        later = invoices.filter(pl.col("booking_date") > at).select("item_id")
        waiting = pl.concat([waiting, applied.join(later, on="item_id", how="semi")])
        receipts = (
            waiting.group_by(keys)
            .agg(c=-pl.col("c").sum())
            .select(
                "currency", "customer_id", pl.lit(None, pl.Datetime("us")).alias("due_date"), retention=False, c="c"
            )
        )
        settled = applied.group_by("item_id").agg(s=pl.col("c").sum())
        items = booked.join(settled, on="item_id", how="left")
        items = items.select(
            "currency", "customer_id", "due_date", "retention", c=pl.col("c") - pl.col("s").fill_null(0)
        )
        due, late = pl.col("due_date"), lambda days: pl.col("due_date") >= at - pl.duration(days=days)
        place = pl.when(pl.col("c") < 0).then(7).when(due >= at).then(0).when(late(30)).then(1).when(late(60)).then(2)
        place = place.when(late(90)).then(3).when(late(120)).then(4).when(due.is_not_null()).then(5)
        place = place.when("retention").then(0).otherwise(6)
        rows = pl.concat([items, receipts]).filter(pl.col("c") != 0).with_columns(place=place)
        sums = {name: pl.col("c").filter(pl.col("place") == number).sum() for number, name in enumerate(AMOUNTS[:-1])}
        return rows.group_by("currency", "customer_id").agg(**sums, total=pl.col("c").sum()).collect().to_pandas()

    def dso() -> Any:
        def month(column: str) -> Any:
            when = pl.col(column).dt
            return 12 * when.year().cast(pl.Int64) + when.month()

        sold = pl.col("kind").is_in(["invoice", "credit_note"])
        known = invoices.filter(pl.col("booking_date") <= at)
        known = known.select("kind", issued=month("issue_date"), booked=month("booking_date"), cents=book)
        sums = known.group_by("issued", "booked").agg(pl.col("cents").sum(), sold=pl.col("cents").filter(sold).sum())
        received = settlements.filter(pl.col("payment_date") <= at).select(paid=month("payment_date"), cents=book)
        received = received.group_by("paid").agg(pl.col("cents").sum())
        return dso_table(*(table.to_pandas() for table in pl.collect_all([sums, received])))

    return aged, dso


def pandas_by_hand(invoices: Any, settlements: Any) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Both computations on pandas frames."""
    import numpy as np
    import pandas as pd

    at = pd.Timestamp(AS_OF)

    def cents(column: Any) -> Any:
        return (column * 100).round().astype("int64")

    def aged() -> Any:
        booked = invoices.loc[
            invoices["booking_date"] <= at, ["item_id", "customer_id", "currency", "due_date", "retention", "amount"]
        ]
        keys = ["customer_id", "document", "kind", "currency", "payment_date"]
        paid = settlements.loc[settlements["payment_date"] <= at, ["item_id", *keys, "allocation_date", "amount"]]
        paid = paid.assign(c=cents(paid["amount"]))
        applied = paid["allocation_date"] <= at
        settled = paid[applied].groupby("item_id", sort=False)["c"].sum().rename("s")
        items = booked.merge(settled, left_on="item_id", right_index=True, how="left")
        items["c"] = cents(items["amount"]) - items["s"].fillna(0).astype("int64")
        later = invoices.loc[invoices["booking_date"] > at, "item_id"]
        waiting = paid[~applied | paid["item_id"].isin(later)]
        receipts = -waiting.groupby(keys, sort=False, dropna=False, observed=True)["c"].sum()
        receipts = receipts.reset_index()[["currency", "customer_id", "c"]].assign(due_date=pd.NaT, retention=False)
        kept = ["currency", "customer_id", "due_date", "retention", "c"]
        rows = pd.concat(
            [part.loc[part["c"] != 0, kept].astype({"due_date": "datetime64[us]"}) for part in (items, receipts)]
        )
        late = (at - rows["due_date"]).dt.days
        places = [rows["c"] < 0, late <= 0, late <= 30, late <= 60, late <= 90, late <= 120, late > 120]
        place = np.select([*places, rows["retention"].astype(bool)], [7, 0, 1, 2, 3, 4, 5, 0], 6)
        wide = {name: np.where(place == number, rows["c"], 0) for number, name in enumerate(AMOUNTS[:-1])}
        rows = rows[["currency", "customer_id"]].assign(**wide, total=rows["c"])
        return rows.groupby(["currency", "customer_id"], sort=False, as_index=False).sum()

    def dso() -> Any:
        def month(column: Any) -> Any:
            return 12 * column.dt.year + column.dt.month

        known = invoices[["kind", "issue_date", "booking_date", "book_amount"]][invoices["booking_date"] <= at]
        value = cents(known["book_amount"])
        sums = pd.DataFrame(
            {
                "issued": month(known["issue_date"]),
                "booked": month(known["booking_date"]),
                "cents": value,
                "sold": value.where(known["kind"].isin(["invoice", "credit_note"]), 0),
            }
        )
        received = settlements[["payment_date", "book_amount"]][settlements["payment_date"] <= at]
        received = pd.DataFrame({"paid": month(received["payment_date"]), "cents": cents(received["book_amount"])})
        return dso_table(
            sums.groupby(["issued", "booked"], as_index=False).sum(), received.groupby("paid", as_index=False).sum()
        )

    return aged, dso


# ---------------------------------------------------------------- one engine, one author


def with_cmtools(
    invoices: Any, settlements: Any, in_memory: bool = False
) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Both computations by cmtools."""
    import pandas as pd

    import cmtools as cm
    from cmtools.frames import in_pandas, prepare

    ledger = cm.Ledger(invoices, settlements, pd.DataFrame({"customer_id": [], "customer_name": []}))
    checked = ledger if in_memory else prepare(ledger, items_known=True)  # as a scan that checked it leaves it

    def dso() -> Any:
        table = cm.dso_by_month(ledger, AS_OF)
        amounts = [(table[name] * 100).round().astype("int64").tolist() for name in ("receivables", "sales")]
        days = [table[name].round(6).tolist() for name in ("dso_balance", "dso_count_back")]
        return list(zip(*amounts, *days))

    def aged() -> Any:
        table = in_pandas(cm.aged_balance(cm.open_items(checked, AS_OF), AS_OF))
        names = list(AMOUNTS)
        return table[["currency", "customer_id"]].join((table[names] * 100).round().astype("int64"))

    return aged, dso


def tasks(engine: str, author: str, folder: Path) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Aged balance and monthly DSO, ready to run; frames in memory are read here."""
    paths = {name: f"{folder}/{name}/*.parquet" for name in COLUMNS}
    if engine == "duckdb":
        import duckdb

        connection = duckdb.connect()
        for setting in (f"memory_limit = '{MEMORY}'", f"temp_directory = '{folder / 'temp'}'"):
            connection.sql(f"SET {setting}")
        for name, path in paths.items():
            connection.sql(f"CREATE VIEW {name} AS FROM read_parquet('{path}')")
        if author == "by hand":
            return sql_by_hand(lambda query: connection.sql(query.replace("LEFT SEMI", "SEMI")).df())
        return with_cmtools(*(connection.sql(f"FROM {name}") for name in paths))
    if engine == "spark":
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master("local[2]").config("spark.sql.session.timeZone", "UTC")
        builder = builder.config("spark.driver.memory", "4g").config("spark.ui.enabled", "false")
        session = builder.config("spark.sql.shuffle.partitions", "4").getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        frames = [session.read.parquet(f"{folder}/{name}") for name in paths]
        for name, frame in zip(paths, frames):
            frame.createOrReplaceTempView(name)
        if author == "by hand":
            return sql_by_hand(lambda query: session.sql(query).toArrow().to_pandas())
        return with_cmtools(*frames)
    import polars as pl

    lazy = [pl.scan_parquet(path) for path in paths.values()]
    if engine != "polars_lazy":
        frames = [frame.select(names.split()).collect() for frame, names in zip(lazy, COLUMNS.values())]
        if engine == "pandas":
            frames = [frame.to_pandas() for frame in frames]
            return pandas_by_hand(*frames) if author == "by hand" else with_cmtools(*frames, in_memory=True)
        if author != "by hand":
            return with_cmtools(*frames, in_memory=True)
        lazy = [frame.lazy() for frame in frames]
    return polars_by_hand(*lazy) if author == "by hand" else with_cmtools(*lazy)


def measured(engine: str, author: str, folder: Path) -> dict[str, Any]:
    """Seconds, processor seconds and a print of the result of both computations, and peak memory, in this process."""
    found: dict[str, Any] = {}
    for name, work in zip(("aged", "dso"), tasks(engine, author, folder)):
        start, used = time.perf_counter(), time.process_time()
        result = work()
        found[name] = {"seconds": time.perf_counter() - start, "processor": time.process_time() - used}
        if name == "aged":
            result = result[["currency", "customer_id", *AMOUNTS]].sort_values(["currency", "customer_id"])
            result = [tuple(row) for row in result.astype(dict.fromkeys(AMOUNTS, "int64")).to_numpy().tolist()]
            result = [row for row in result if any(row[2:])]
        found[name]["print"] = hashlib.sha256(repr(result).encode()).hexdigest()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return found | {"peak": peak}


def compared(folder: Path, engines: list[str], rounds: int) -> None:
    """Print one line per engine and computation; ends with an error where results differ."""
    prints: dict[str, set[str]] = {"aged": set(), "dso": set()}
    print(f"{'engine':<13}{'what':<6}{'cmtools s':>10}{'by hand s':>10}{'ratio':>7}{'processor':>11}{'peak MiB':>15}")
    for engine in engines:
        found: dict[str, list[dict[str, Any]]] = {"cmtools": [], "by hand": []}
        for _ in range(rounds):
            for author, runs in found.items():
                command = [sys.executable, __file__, "--run", engine, author, str(folder)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                runs.append(json.loads(done.stdout.splitlines()[-1]))
        peaks = " / ".join(f"{max(run['peak'] for run in runs):.0f}" for runs in found.values())
        for name in prints:
            prints[name] |= {run[name]["print"] for runs in found.values() for run in runs}
            ours, theirs = (
                {unit: median(run[name][unit] for run in runs) for unit in ("seconds", "processor")}
                for runs in found.values()
            )
            ratios = [ours[unit] / theirs[unit] for unit in ("seconds", "processor")]
            line = f"{engine:<13}{name:<6}{ours['seconds']:>10.2f}{theirs['seconds']:>10.2f}"
            print(f"{line}{ratios[0]:>7.2f}{ratios[1]:>11.2f}{peaks:>15}", flush=True)
    if any(len(different) > 1 for different in prints.values()):
        sys.exit("results differ")
    print("all results equal to the cent")


def main() -> None:
    """Make the ledger, unless it is there, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("invoices", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES[:-1]))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the ledger is, or is made and kept")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        engine, author, folder = options.run
        print(json.dumps(measured(engine, author, Path(folder))))
        return
    with nullcontext(options.keep) if options.keep else tempfile.TemporaryDirectory() as folder:
        if not (Path(folder) / "settlements").exists():
            print(f"{options.invoices:,} invoices, {make(Path(folder), options.invoices):,} settlements")
        compared(Path(folder), options.engines, options.rounds)


if __name__ == "__main__":
    main()
