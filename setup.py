"""Packages: each top-level room is a package below fp8mac, and `api` is fp8mac itself."""

from setuptools import find_packages, setup

FRONT = "api"

found = find_packages()
rooms = [name for name in found if "." not in name and name != FRONT]
setup(
    packages=["fp8mac", *(f"fp8mac.{name}" for name in found if name.split(".")[0] in rooms)],
    package_dir={"fp8mac": FRONT} | {f"fp8mac.{room}": room for room in rooms},
)
