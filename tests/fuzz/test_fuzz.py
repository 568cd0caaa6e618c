"""Builds an entry for each parser of hostile bytes and runs it for seconds.

A corpus, if there is one, lies in corpus/NAME.  For longer runs:
build/test/fuzz/NAME -max_total_time=600 FOLDER
"""

import glob
import os
import subprocess

import pytest

from support import build

HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS = "-g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"
SECONDS = 1
TIME_LIMIT = 60


@pytest.fixture(scope="module")
def library():
    return build.library("fuzz", "clang", FLAGS)


def sources():
    return sorted(os.path.basename(name)[:-len("_fuzz.c")]
                  for name in glob.glob(HERE + "/*_fuzz.c"))


@pytest.mark.parametrize("name", sources())
def test_fuzz(name, library, tmp_path):
    archive, generated = library
    program = os.path.join(build.MADE, "fuzz", name)
    build.run(["clang", "-std=c11", "-D_GNU_SOURCE",
               *FLAGS.replace("fuzzer-no-link", "fuzzer").split(),
               "-iquote", build.TOP + "/src/lib", "-iquote", generated,
               "-o", program, "%s/%s_fuzz.c" % (HERE, name), archive])
    corpus = "%s/corpus/%s" % (HERE, name)
    found = tmp_path / "found"
    found.mkdir()
    done = subprocess.run(
        [program, "-max_total_time=%d" % SECONDS, "-seed=1", "-print_final_stats=1",
         "-timeout=10", "-rss_limit_mb=1024", str(found)] +
        ([corpus] if os.path.isdir(corpus) else []),
        cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=TIME_LIMIT)
    output = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, output[-4000:]
    assert "stat::number_of_executed_units" in output
