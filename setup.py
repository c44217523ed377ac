"""How oscbridge is built and what it needs. Tool settings are in pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "oscbridge/__init__.py").read_text("utf-8"))
if VERSION is None:
    raise SystemExit("oscbridge/__init__.py must say __version__")

# Folders that lie beside the package in the repository and inside it once installed
# (oscbridge.shipped finds them in both places).
SHIPPED = ("models", "examples", "max_patches")

# Serving: what a musician's or an artist's machine needs. No torch.
SERVE = [
    "aiohttp>=3.10",
    "click>=8.2",
    "matplotlib>=3.9",
    "mido>=1.3.3",
    "numpy>=2.0",
    "onnxruntime>=1.20",
    "platformdirs>=4.2",
    "psutil>=6.0",
    "python-osc>=1.9.3",
    "python-rtmidi>=1.5.8",
    "scipy>=1.13",
    "zeroconf>=0.130",
]
TRAIN = ["onnx>=1.17", "onnxscript>=0.5", "safetensors>=0.5", "torch>=2.6"]
# MediaPipe's later wheels hold no pose model; this one's ask for an older protobuf than TRAIN's.
CAMERA = ["mediapipe==0.10.14; python_version < '3.13'"]
# Ableton Link's library is under GPL-3.0: only where somebody asks for it.
LINK = ["aalink>=0.2"]
SEARCH = [*TRAIN, "ray[tune]>=2.40"]
TEST = [
    "hypothesis>=6.100",
    "jsonschema>=4.20",
    "mypy>=1.13",
    "pytest>=8.3",
    "pytest-timeout>=2.3",
    "python-oscquery>=0.4",
    "ruff>=0.8",
    "scipy-stubs>=1.14",
    "types-psutil>=6.0",
]

setup(
    name="oscbridge",
    version=VERSION[1],
    description="A bridge between music and dance: three VAEs behind OSC",
    long_description=(HERE / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=[*find_packages(include=["oscbridge", "oscbridge.*"])]
    + [f"oscbridge.share.{folder}" for folder in SHIPPED],
    package_dir={f"oscbridge.share.{folder}": folder for folder in SHIPPED},
    package_data={"oscbridge": ["py.typed"]}
    | {f"oscbridge.share.{folder}": ["**/*"] for folder in SHIPPED},
    exclude_package_data={"oscbridge.share.max_patches": ["source/*"]},
    install_requires=SERVE,
    extras_require={
        "train": TRAIN,
        "search": SEARCH,
        "camera": CAMERA,
        "link": LINK,
        "test": TRAIN + TEST,
    },
    entry_points={"console_scripts": ["oscbridge = oscbridge.cli:main"]},
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: End Users/Desktop",
        "Programming Language :: Python :: 3",
        "Topic :: Artistic Software",
        "Topic :: Multimedia :: Sound/Audio :: MIDI",
    ],
)
