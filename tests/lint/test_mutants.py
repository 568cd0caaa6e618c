"""The faults of tests/mutants can still be put in: each old text is there."""

import importlib.util
import os

from support import build


def lists():
    path = os.path.join(build.TOP, "tests/mutants/run.py")
    spec = importlib.util.spec_from_file_location("mutants", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_old_texts_are_there():
    module, wrong = lists(), []
    for mutant in module.load([], []):
        try:
            mutant.place_in(build.read("src/" + mutant.file))
        except (module.Trouble, OSError) as problem:
            wrong.append("%s %s: %s" % (mutant.id, mutant.file, problem))
    assert not wrong, "\n".join(wrong)
