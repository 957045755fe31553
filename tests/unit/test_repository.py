"""The repository keeps its own promises: sizes, pins, links, one source for each fact."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from include.base import connections
from include.base.settings import Retention, Settings
from include.entries.submission import Submission
from include.outbox import http_sinks
from sandbox.dag_page import read_dag_files
from sandbox.environment import shipped_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FILE = 400
NOT_OURS = {
    ".git",
    ".venv",
    ".sandbox",
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "__pycache__",
    "logs",
}
BINARY = {".png", ".pyc", ".gz", ".npy", ".npz"}

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(
    r"`((?:\.ci|benchmarks|dags|data|deploy|docs|include|plugins|slack|tests)/[\w./-]*\w)`"
)
CURL = re.compile(r"^(?:TOKEN=\$\()?curl\b[^']*?(?:'[^'{]*'[^']*?)*?-d '(\{.*?\})'", re.M | re.S)
CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
BLOCK_TITLE = re.compile(r"^```\w+ title=(\S+)$", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
DEVELOPERS_PATH = re.compile(r"(?<![\w.\]/:-])/(?:home|root|work|Users)/[\w.]")
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[\w,]+\])?==(\S+)$", re.MULTILINE)


def our_files(suffixes: set[str] | None = None) -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - NOT_OURS)
        for name in sorted(names):
            path = Path(folder) / name
            if name.startswith(".coverage"):  # figures of the run that runs this test
                continue
            if path.suffix not in BINARY and (suffixes is None or path.suffix in suffixes):
                yield path


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def pages() -> list[Path]:
    return list(our_files({".md"}))


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    without_code = CODE_BLOCK.sub("", text)
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).strip().replace(" ", "-")
        for heading in HEADING.findall(without_code)
    }


def broken_links(page: Path, text: str) -> list[str]:
    """Relative links of a page that lead nowhere, and files it names that do not exist."""
    broken = []
    for target in LINK.findall(CODE_BLOCK.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = page.parent / name
        if name and not path.exists():
            broken.append(target)
        elif anchor and (not name or path.suffix == ".md"):
            there = path.read_text(encoding="utf-8") if name else text
            if anchor not in anchors(there):
                broken.append(target)
    written_here = set(BLOCK_TITLE.findall(text))
    broken += [
        name
        for name in NAMED.findall(CODE_BLOCK.sub("", text))
        if name not in written_here and not (ROOT / name).exists()
    ]
    return broken


def table_rows(page: str) -> dict[str, list[str]]:
    """Rows of a page's tables by their first cell, without backticks."""
    rows = {}
    for line in (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
            rows[cells[0]] = cells[1:]
    return rows


def test_the_walk_sees_the_repository() -> None:
    seen = {relative(path) for path in our_files()}
    assert {"README.md", "Makefile", "include/base/settings.py", ".ci/run"} <= seen
    assert not any(name.startswith((".venv/", ".sandbox/", ".git/")) for name in seen)


def test_no_python_file_is_longer_than_allowed() -> None:
    lengths = {
        relative(path): path.read_text(encoding="utf-8").count("\n") for path in our_files({".py"})
    }
    assert len(lengths) > 50
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def test_every_setting_is_documented_with_its_default() -> None:
    rows = table_rows("configuration.md")
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    shown = {name: rows.get(name, ["missing"])[0] for name in defaults}
    wanted = {
        name: "empty" if default in ("", ()) else str(default) for name, default in defaults.items()
    } | {"retention": "below"}
    assert shown == wanted
    days = {name: str(field.default) for name, field in Retention.model_fields.items()}
    assert {name: rows.get(name, ["missing"])[0] for name in days} == days


def connection_ids() -> set[str]:
    """The connections that code names."""
    constants = vars(connections).items()
    return {value for name, value in constants if name.isupper() and isinstance(value, str)}


def test_every_connection_is_documented_and_in_the_sandbox() -> None:
    ids = connection_ids()
    assert {"feedback_db", "slack_app", "embeddings_api", "airflow_api"} <= ids
    sandbox = (ROOT / "airflow_settings.yaml").read_text(encoding="utf-8")
    in_sandbox = set(re.findall(r"conn_id: (\w+)", sandbox))
    headings = anchors((ROOT / "docs" / "configuration.md").read_text(encoding="utf-8"))
    assert ids <= headings
    assert ids <= in_sandbox


def test_the_example_of_an_environment_has_every_connection_and_can_be_read() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    lines = dict(re.findall(r"^(?:# )?AIRFLOW_CONN_(\w+)='(.*)'$", text, re.MULTILINE))
    optional = {http_sinks.WEB_APP, http_sinks.ANALYTICS_SINK}
    assert {name.lower() for name in lines} == connection_ids() | optional
    for name, value in lines.items():
        assert connections._from_environment(name.lower(), value).password.endswith("change-me")


def test_every_shipped_airflow_setting_is_documented_and_known_to_airflow() -> None:
    shipped = shipped_settings()
    assert shipped
    rows = table_rows("configuration.md")
    assert {name: rows.get(name, ["missing"])[0] for name in shipped} == shipped

    assert unknown_to_airflow(shipped) == [], "Airflow does not know these, so they do nothing"


def unknown_to_airflow(names: Iterable[str]) -> list[str]:
    """Settings that are not among Airflow's own."""
    spec = importlib.util.find_spec("airflow")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(next(iter(spec.submodule_search_locations))) / "config_templates"
    known = yaml.safe_load((folder / "config.yml").read_text(encoding="utf-8"))
    unknown = []
    for name in names:
        _, section, option = name.lower().split("__")
        if option not in known.get(section, {}).get("options", {}):
            unknown.append(name)
    return unknown


def test_every_setting_for_celery_is_documented_and_known() -> None:
    shipped = shipped_settings("celery.env")
    rows = table_rows("cluster.md")
    assert {name: rows.get(name, ["missing"])[0] for name in shipped} == shipped
    of_the_provider = {name for name in shipped if name.startswith("AIRFLOW__CELERY")}
    assert len(of_the_provider) == 4
    # Airflow 3.3 reads it without listing it among its settings.
    [unlisted] = unknown_to_airflow(shipped.keys() - of_the_provider)
    assert unlisted == "AIRFLOW__SCHEDULER__NUM_STUCK_IN_QUEUED_RETRIES"
    scheduler = importlib.util.find_spec("airflow.jobs.scheduler_job_runner")
    assert scheduler is not None
    assert '"num_stuck_in_queued_retries"' in Path(str(scheduler.origin)).read_text("utf-8")
    if importlib.util.find_spec("airflow.providers.celery"):
        from airflow.providers.celery.get_provider_info import get_provider_info

        sections = get_provider_info()["config"]
        for name in of_the_provider:
            _, section, option = name.lower().split("__")
            assert option in sections[section]["options"]


def test_the_image_has_exactly_the_shipped_airflow_settings() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    instruction = " ".join(lines).replace("\\", " ")
    in_image = dict(re.findall(r"(AIRFLOW__\w+)=(\S+)", instruction))
    expected = " \\\n    ".join(f"{name}={value}" for name, value in shipped_settings().items())
    assert in_image == shipped_settings(), f"put this into the Dockerfile:\nENV {expected}"


def test_the_image_runs_the_pinned_airflow() -> None:
    runtime = re.search(
        r"^FROM \S+/runtime:(\d+\.\d+)-\d+$",
        (ROOT / "Dockerfile").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    pinned = PIN.findall((ROOT / "requirements-airflow.txt").read_text(encoding="utf-8"))
    assert runtime is not None
    assert dict(pinned)["apache-airflow"].rsplit(".", 1)[0] == runtime[1]


def test_every_pin_is_in_its_lock() -> None:
    files = sorted(ROOT.glob("requirements*.txt"))
    assert len(files) == 5
    for path in files:
        own = path.with_suffix(".lock")  # `make cluster` alone installs the cluster's
        locked_in = own if own.exists() and own.stem != "requirements" else "requirements.lock"
        lock = (ROOT / locked_in).read_text(encoding="utf-8").lower().replace("_", "-")
        text = path.read_text(encoding="utf-8")
        wanted = [line for line in text.splitlines() if line and not line.startswith("#")]
        pins = PIN.findall(text)
        assert len(pins) == len(wanted), f"{path.name} has a line that is not pinned"
        for name, version in pins:
            locked = f"{name.lower().replace('_', '-')}=={version.lower()}"
            assert re.search(rf"^{re.escape(locked)}\b", lock, re.MULTILINE), (
                f"{locked} is missing in {ROOT / locked_in}: run `make lock`"
            )


def test_the_recipes_that_pages_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipes = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    assert {"demo", "test"} <= recipes
    for page in pages():
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(r"(?:`|^\s*\$? ?)make ([a-z][a-z-]*)", text, re.MULTILINE))
        assert named <= recipes, f"{relative(page)} names {sorted(named - recipes)}"


def test_every_recipe_is_listed_by_make_and_in_the_readme() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    described = set(re.findall(r"^([a-z][a-z-]*):.*## ", makefile, re.MULTILINE))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {name for name in described if f"make {name}" not in readme} == {"help"}


def test_the_readme_says_exactly_which_workflows_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.splitlines() if line.startswith("|") and "**exists**" in line]
    said = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    there = {file.dag_id for file in read_dag_files(ROOT / "dags")}
    assert said == there, "mend the table of workflows in README.md"


def test_ci_runs_the_readmes_test_command() -> None:
    script = ROOT / ".ci" / "run"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"^## Test.*?^```\w*\n(.*?)\n```$", readme, re.MULTILINE | re.DOTALL)
    assert block is not None
    assert f"timed {block[1]}" in script.read_text(encoding="utf-8").splitlines()
    assert os.access(script, os.X_OK)


def test_plugins_that_are_slow_to_load_are_not_loaded(pytestconfig: pytest.Config) -> None:
    loaded = {name for name, _ in pytestconfig.pluginmanager.list_name_plugin()}
    assert "timeout" in loaded
    assert not any(
        pytestconfig.pluginmanager.hasplugin(n) for n in ("hypothesispytest", "schemathesis")
    )


def test_local_hooks_fetch_nothing() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in hooks["repos"]] == ["local"]


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    found = {}
    for path in our_files():
        if path.name == "requirements.lock":
            continue
        hits = DEVELOPERS_PATH.findall(path.read_text(encoding="utf-8", errors="replace"))
        if hits:
            found[relative(path)] = hits
    assert found == {}


@pytest.mark.parametrize("place", ["home/ann/x", "root/x", "Users/ann/x"])
def test_a_path_of_somebodys_machine_would_be_found(place: str) -> None:
    assert DEVELOPERS_PATH.search(f"see '/{place}'")
    assert not DEVELOPERS_PATH.search(f"see https://example.com/{place}")


@pytest.mark.parametrize("page", pages(), ids=relative)
def test_links_of_pages_lead_somewhere(page: Path) -> None:
    assert broken_links(page, page.read_text(encoding="utf-8")) == []


def test_a_broken_link_would_be_found() -> None:
    page = ROOT / "docs" / "some.md"
    text = (
        "# Here\n[a](../README.md) [b](#here) [c](https://example.com) `include/base/settings.py`\n"
        "[d](no.md) [e](#nowhere) [f](../README.md#nowhere) `include/no.py`\n"
        "```\n[g](not-a-link.md)\n```\n"
    )
    assert broken_links(page, text) == [
        "no.md",
        "#nowhere",
        "../README.md#nowhere",
        "include/no.py",
    ]


def test_what_the_pages_send_with_curl_is_taken_and_has_ids_of_its_own() -> None:
    """Pasted one after the other, each example is an entry."""
    sent = []
    for page in sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")]):
        for call in CURL.findall(page.read_text(encoding="utf-8")):
            body = json.loads(call)
            sent += body.get("entries", [])
            sent += [one for one in [body.get("conf", {})] if "customer_pain" in one]
    assert len(sent) >= 2
    taken = [Submission.model_validate(one) for one in sent]
    ids = [(one.source, one.external_id) for one in taken]
    assert len(set(ids)) == len(ids)


def test_decisions_are_numbered_and_say_context_choice_and_consequence() -> None:
    paths = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [path.name[:4] for path in paths] == [f"{n:04}" for n in range(1, len(paths) + 1)]
    assert len(paths) >= 7
    for path in paths:
        assert {"context", "choice", "consequence"} <= anchors(path.read_text(encoding="utf-8"))
