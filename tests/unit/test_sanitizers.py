"""The sanitizers see every allocation of the library: a byte too far is found,
under both compilers."""

import subprocess

import pytest

from support import build

FLAGS = "-g -O1 -fno-omit-frame-pointer -fsanitize=address"
OVERFLOW = """
#include "base/str.h"
#include "base/must.h"

int
main(int argc, char **argv)
{
	struct str text = STR_INIT;
	volatile char *bytes = must_realloc(NULL, 13);

	(void)argv;
	str_add_z(&text, "something before and behind");
	bytes[11 + argc] = 1;
	str_free(&text);
	must_free((void *)bytes);
	return 0;
}
"""


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_overflow_is_found(compiler, tmp_path):
    archive, generated = build.library("overflow-" + compiler, compiler, FLAGS)
    program = str(tmp_path / "overflow")
    source = tmp_path / "overflow.c"
    source.write_text(OVERFLOW)
    build.run([compiler, "-std=c11", *FLAGS.split(), "-iquote", build.TOP + "/src/lib",
               "-iquote", generated, "-o", program, str(source), archive])
    assert subprocess.run([program]).returncode == 0, "the last byte is ours"
    done = subprocess.run([program, "more"], stderr=subprocess.PIPE)
    assert done.returncode != 0 and b"heap-buffer-overflow" in done.stderr
