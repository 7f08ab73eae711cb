"""Packaging of tf1_hessian."""
import os
import re

from setuptools import find_packages, setup

HERE = os.path.dirname(os.path.abspath(__file__))


def text(*path):
    """A file of the project."""
    with open(os.path.join(HERE, *path), encoding="utf-8") as file:
        return file.read()


setup(
    name="tf1-hessian",
    version=re.search(r'^__version__ = "(.+)"$', text("tf1_hessian", "__init__.py"), re.MULTILINE).group(1),
    description="Exact second derivatives of a loss that already exists in a TensorFlow 1 graph",
    long_description=text("README.md"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    packages=find_packages(include=["tf1_hessian", "tf1_hessian.*"]),
    package_data={"tf1_hessian": ["py.typed", "*.pyi"]},
    # Outside the package, so that it runs before TensorFlow is imported.
    py_modules=["tf1_hessian_command"],
    entry_points={"console_scripts": ["tf1-hessian = tf1_hessian_command:main"]},
    python_requires=">=3.7",
    install_requires=["numpy", "scipy"],
    # TensorFlow is an extra: whoever has a TF1 model has a build of it that must not be replaced.
    extras_require={
        "tf": ["tensorflow"],
        "tf-cpu": ["tensorflow-cpu"],
        "tf1": ["tensorflow==1.15.5", "protobuf<3.21", "numpy<1.19"],
        "plots": ["matplotlib"],
        "docs": ["furo", "latex2mathml", "matplotlib", "myst-parser", "scikit-learn", "sphinx", "sphinx-gallery"],
        "progress": ["tqdm"],
        "dev": [
            "distributed",
            "hypothesis",
            "matplotlib",
            "mypy; python_version >= '3.10'",
            "nox; python_version >= '3.8'",
            "pytest",
            "pytest-xdist",
            "ruff; python_version >= '3.8'",
            "scikit-learn",
            "statsmodels",
            "tqdm",
            "vermin; python_version >= '3.8'",
        ],
    },
    classifiers=[
        "Development Status :: 5 - Production/Stable",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.7",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Mathematics",
    ],
)
