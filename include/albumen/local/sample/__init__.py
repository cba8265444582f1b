"""The sample library of `albumen demo`: real pictures, planted facts, nothing of it in the repository."""

from __future__ import annotations

from albumen.local.sample.fault import SampleError
from albumen.local.sample.library import SampleFile, build_sample, manifest_path

__all__ = ["SampleError", "SampleFile", "build_sample", "manifest_path"]
