"""What several test files need."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real files that only tests may read; skips where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real files is not beside the project")
    return folder


@pytest.fixture
def file_name() -> str:
    """Name of the files that `write` writes; a test file may have its own."""
    return "file.csv"


@pytest.fixture
def write(tmp_path: Path, file_name: str) -> Callable[..., Path]:
    """Write a file, text or bytes, and give its path."""

    def written(content: str | bytes, name: str = file_name, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
        return path

    return written


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Spark in this process, for small tables: one thread, one partition, no network beyond this machine."""
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        missing = "Java is not installed, which Spark needs (a JRE, 17 or later)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        # Queries this small cost what it takes to plan them: no compiler, optimiser or collector that pays later.
        "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={folder} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmn400m",
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.constraintPropagation.enabled": "false",
        "spark.sql.lightweightPlanChangeValidation": "false",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        for other in ("SPARK_HOME", "SPARK_CONF_DIR", "PYSPARK_SUBMIT_ARGS"):  # a Spark of the machine's own
            patch.delenv(other, raising=False)
        session = SparkSession.builder.master("local[1]").appName("cmtools").config(map=options).getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        yield session
        session.stop()


@pytest.fixture(scope="module")
def browser():
    """Chromium of the machine; a module's tests share it."""
    from browsing import PATIENCE
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        missing = "Chromium is not installed (chromium, chromium-browser or google-chrome)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    options = ("no-sandbox", "disable-gpu", "disable-background-networking", "disable-component-update", "disable-sync")
    with sync_playwright() as playwright:
        arguments = [f"--{option}" for option in (*options, "no-first-run")]
        started = playwright.chromium.launch(executable_path=found, args=arguments, timeout=PATIENCE)
        yield started
        started.close()


@pytest.fixture
def context(browser):
    """Window of the browser, without cookies or storage."""
    from browsing import window

    with window(browser) as made:
        yield made


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory: pytest.TempPathFactory):
    """JupyterLab on a copy of the kit."""
    from browsing import Lab

    started = Lab(tmp_path_factory.mktemp("lab"))
    try:
        started.wait()
        yield started
    finally:
        started.close()


@pytest.fixture
def opened(lab, context):
    """Page that reaches that JupyterLab and nothing else."""
    from browsing import Opened

    address = re.escape(lab.address.removeprefix("http"))
    context.route(re.compile(rf"^(?!http{address}/|data:|blob:)"), lambda route: route.abort())
    return Opened(context)
