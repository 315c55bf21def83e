r"""Aged balance and DSO of a converted ledger on Spark: a script for spark-submit.

On this machine, with the session's own address so that nothing is asked of the network:

    PATH=.venv/bin:$PATH spark-submit --master "local[2]" --conf spark.driver.bindAddress=127.0.0.1 \
        --conf spark.driver.host=127.0.0.1 benchmarks/spark_report.py FOLDER 2026-06-30 [OUTPUT]

On a cluster `--master` names it, FOLDER and OUTPUT are addresses that all its machines reach (hdfs://, s3a://), and
cmtools with its dependencies comes with the job (`--archives environment.tar.gz#environment`, made with venv-pack).
OUTPUT receives the aged balance by customer in Parquet, written by Spark: it never passes through this process.
"""

import sys
import time

from pyspark.sql import SparkSession

import cmtools as cm


def main(folder: str, as_of: str, output: str = "") -> None:
    """Print the totals, and write the aged balance."""
    options = {"spark.sql.session.timeZone": "UTC", "spark.sql.execution.arrow.pyspark.enabled": "true"}
    session = SparkSession.builder.appName("cmtools").config(map=options).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    start = time.perf_counter()
    ledger = cm.scan_ledger(folder, engine="pyspark", session=session)
    print(f"rows: {ledger.invoices.count():,} invoices, {ledger.settlements.count():,} settlements")
    aged = cm.aged_balance(cm.report_items(ledger, as_of), as_of)
    if output:
        aged.write.mode("error").parquet(output)
        aged = session.read.parquet(output)
    total = aged.groupBy("currency").sum("total").toArrow().to_pylist()
    print("outstanding:", {row["currency"]: round(row["sum(total)"], 2) for row in total})
    print("DSO, count-back:", round(cm.dso(ledger, as_of, "count_back").days, 1), "days")
    print(f"{time.perf_counter() - start:.1f} s")
    session.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
