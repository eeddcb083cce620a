"""Packages: each top-level room is a package below fp8mac, and `api` is fp8mac itself."""

from setuptools import find_packages, setup

ROOMS = ("cli", "gen", "hw", "proofs", "sim", "synth_reports")

setup(
    packages=[
        "fp8mac",
        *(f"fp8mac.{name}" for name in find_packages() if name.split(".")[0] in ROOMS),
    ],
    package_dir={"fp8mac": "api"} | {f"fp8mac.{room}": room for room in ROOMS},
)
