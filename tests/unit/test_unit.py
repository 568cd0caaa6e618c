"""Compiles each NAME_test.c with address and undefined-behaviour sanitizers,
and runs it."""

import glob
import os
import re
import subprocess

import pytest

from support import build

HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS = "-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover"
TIME_LIMIT = 60
FAILURE = re.compile(r"^\[  (?:FAILED|ERROR)  .*|^.*(?:error|Error|ERROR).*$", re.M)


@pytest.fixture(scope="module")
def library():
    return build.library("unit", "gcc", FLAGS)


def sources():
    return sorted(os.path.basename(name)[:-len("_test.c")]
                  for name in glob.glob(HERE + "/*_test.c"))


@pytest.mark.parametrize("name", sources())
def test_unit(name, library, tmp_path):
    archive, generated = library
    program = os.path.join(build.MADE, "unit", name)
    build.run(["gcc", "-std=c11", "-D_GNU_SOURCE", *FLAGS.split(), "-Wall", "-Wextra", "-Werror",
               "-iquote", build.TOP + "/src/lib", "-iquote", generated, "-iquote", HERE,
               "-o", program, "%s/%s_test.c" % (HERE, name), archive, "-lcmocka", "-lcrypt"])
    done = subprocess.run([program], cwd=tmp_path, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=TIME_LIMIT)
    output = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, "exit %d\n%s" % (
        done.returncode, "\n".join(FAILURE.findall(output)) or output[-3000:])
    assert "[  PASSED  ]" in output, "no test was run"
