# Runs every GoogleTest case of the executables as one test.

import os

import lit.formats

config.name = "attn-unit"
config.suffixes = []
config.test_source_root = os.path.join(config.attn_binary_dir, "test", "Unit")
config.test_exec_root = config.test_source_root
config.test_format = lit.formats.GoogleTest(".", "Tests")
# Our own containers meet those of LLVM, which is not instrumented; its threads have
# stacks for signals that the sanitizer would take for its own.
config.environment["ASAN_OPTIONS"] = "detect_container_overflow=0:detect_leaks=0:use_sigaltstack=0"
