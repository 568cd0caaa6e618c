"""The files of a room stand on each other, and never in a circle: whoever reads
one can read what it uses first.  Read from the symbols of the objects."""

import glob
import os

import pytest

from support import build

# Rooms that are not free of circles yet; one that is must be taken off.
PENDING = set()


def rooms():
    top = os.path.join(build.TOP, "src")
    found = [name for name in os.listdir(top) if glob.glob("%s/%s/*.c" % (top, name))]
    return sorted(found + ["lib/" + name for name in build.LAYERS])


def uses(objects):
    """{file: files whose functions or objects it uses}."""
    defined, wanted = {}, {}
    for path in objects:
        name = os.path.basename(path)[:-len(".o")] + ".c"
        wanted[name] = set()
        for line in build.run(["nm", path]).splitlines():
            symbol, letter = line.split()[-1], line.split()[-2]
            if letter == "U":
                wanted[name].add(symbol)
            elif letter in "TDBRC" and symbol != "main":
                defined.setdefault(symbol, set()).add(name)
    return {name: {other for symbol in symbols for other in defined.get(symbol, ())} - {name}
            for name, symbols in wanted.items()}


def circle(graph):
    """One circle as a list of files, the first again at its end; else empty."""
    done = set()

    def visit(name, path):
        if name in path:
            return path[path.index(name):] + [name]
        if name in done:
            return []
        for other in sorted(graph[name]):
            found = visit(other, path + [name])
            if found:
                return found
        done.add(name)
        return []

    for name in sorted(graph):
        found = visit(name, [])
        if found:
            return found
    return []


@pytest.fixture(scope="module")
def made():
    """The folder of all objects, compiled with one and the same compiler."""
    folder = os.path.join(build.MADE, "circles")
    build.make(folder, *("%s=gcc -std=c11" % kind for kind in ("HOT_CC", "ACC_CC", "TLS_CC")),
               *("%s=gcc" % kind for kind in ("HOT_LD", "ACC_LD", "TLS_LD")))
    return folder


def room_objects(made, room):
    sources = glob.glob("%s/src/%s/*.c" % (build.TOP, room))
    found = []
    for source in sources:
        name = os.path.basename(source)[:-len(".c")] + ".o"
        found += [path for path in ("%s/%s/%s/%s" % (made, kind, room, name)
                                    for kind in ("hot", "acc", "tls")) if os.path.exists(path)][:1]
    assert len(found) == len(sources), "not all of %s was compiled" % room
    return found


@pytest.mark.parametrize("room", [
    pytest.param(room, marks=pytest.mark.xfail(
        room in PENDING, strict=True, reason="has circles still", raises=AssertionError))
    for room in rooms()])
def test_no_circles(room, made):
    found = circle(uses(room_objects(made, room)))
    assert not found, "a circle in %s: %s" % (room, " -> ".join(found))


def test_circles_are_found(tmp_path):
    sources = {"a": "int b(void); int a(void); int a(void) { return b(); }",
               "b": "int c(void); int b(void); int b(void) { return c(); }",
               "c": "int a(void); int c(void); int c(void) { return a(); }",
               "d": "int a(void); int main(void) { return a(); }"}
    for name, text in sources.items():
        (tmp_path / (name + ".c")).write_text(text)
        build.run(["gcc", "-c", name + ".c"], cwd=tmp_path)
    graph = uses(sorted(map(str, tmp_path.glob("*.o"))))
    assert graph["d.c"] == {"a.c"}
    assert circle(graph) == ["a.c", "b.c", "c.c", "a.c"]
    graph["c.c"] = set()
    assert circle(graph) == []
