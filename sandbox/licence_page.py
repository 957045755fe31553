"""The page of licences (``docs/licences.md``), from the lock and what is installed of it."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from sandbox.environment import ROOT

PAGE = ROOT / "docs" / "licences.md"
LOCK = ROOT / "requirements.lock"

COMPATIBLE = (
    "MIT",
    "Apache",
    "BSD",
    "ISC",
    "Python Software Foundation",
    "PSF",
    "MPL",
    "Mozilla Public License 2.0",
    "LGPL",
    "Unlicense",
    "Zlib",
    "CC0",
    "0BSD",
    "Artistic License",
    "DFSG approved",
)
"""Beginnings and parts of licences that go with Apache-2.0 when a package is only used.

LGPL and MPL packages are installed beside the product and changed in nothing.
"""

HEAD = """# Licences

Everything in `requirements.lock`, with its licence as the package itself declares it. The
product is under the [Apache License 2.0](../LICENSE). It changes none of these packages and
contains none of their code, so packages under the LGPL and the MPL go with it. `make sbom` makes
this page and a CycloneDX bill of materials (`sbom.json`) anew; a test refuses a licence that is in
no known family.

| package | version | licence |
|---|---|---|
"""


def locked() -> dict[str, str]:
    """Names and versions in the lock."""
    text = LOCK.read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([^\s;\\]+)", text, re.MULTILINE))


def licence_of(name: str) -> str | None:
    """What an installed package declares; ``None`` when it is not installed on this platform."""
    try:
        installed = distribution(name)
    except PackageNotFoundError:
        return None
    told = installed.metadata
    listed = [one for one in told.get_all("Classifier") or [] if one.startswith("License ::")]
    written = (told.get_all("License") or [""])[0].strip().splitlines()
    return (
        next(iter(told.get_all("License-Expression") or []), None)
        or next((one.rpartition(" :: ")[2] for one in listed), None)
        or next(iter(written), None)
        or _first_line(installed)
    )


def _first_line(installed: Distribution) -> str:
    """The title of the licence's own file, for a package that declares none beside it."""
    named = (installed.metadata.get_all("License-File") or [""])[0]
    text = installed.read_text(f"licenses/{named}") if named else None
    return next(iter((text or "").strip().splitlines()), "not declared")


def is_compatible(licence: str) -> bool:
    """Whether a licence belongs to a family that goes with this product's."""
    families = "|".join(map(re.escape, COMPATIBLE))
    return re.search(rf"\b(?:{families})", licence, re.IGNORECASE) is not None


def page() -> str:
    """The page's text."""
    rows = [
        f"| {name} | {version} | {licence_of(name) or 'installed on other platforms only'} |"
        for name, version in sorted(locked().items())
    ]
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
