"""The rules of the house that a machine can check: layers, layout, names,
pages, and that the project speaks of itself alone."""

import os
import re
import subprocess

import pytest

from support import build

PURE = {"limits.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdlib.h", "string.h"}
STANDS_ON = {  # layers: what each may include
    "base": {"base"},
    "mail": {"base", "mail"},
    "sys": {"base", "sys"},
    "config": {"base", "sys", "mail", "config"},
    "net": {"base", "sys", "mail", "net"},
    "queue": {"base", "sys", "mail", "queue"},
}
KERNEL_IN_PURE = {("src/lib/base/must.c", "unistd.h")}  # says its last words
FORBIDDEN_CALLS = ("gets strcpy strcat sprintf vsprintf atoi atol strtok "
                   "alloca system popen").split()
FILE_LINES, FUNCTION_LINES = 600, 100
SECTIONS = ("NAME", "SYNOPSIS", "DESCRIPTION", "ENVIRONMENT", "FILES", "EXIT STATUS",
            "SECURITY", "EXAMPLES", "SEE ALSO", "STANDARDS", "HISTORY")
REQUIRED = ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "SECURITY", "SEE ALSO", "HISTORY")
FORMATTER_VERSION = "14"

SOURCES = build.source_files(".c", ".h")
C_FILES = [name for name in SOURCES if name.endswith(".c")]


def without_comments(text):
    """Comments and strings blanked, lines kept."""
    def blank(found):
        return re.sub(r"[^\n]", " ", found.group())
    return re.sub(r'/\*.*?\*/|"(?:\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', blank, text, flags=re.S)


def includes(name):
    return re.findall(r'^#include ([<"])([^>"]+)[>"]', build.read(name), re.M)


def rooms():
    top = os.path.join(build.TOP, "src")
    return sorted(name for name in os.listdir(top)
                  if name != "lib" and os.path.isdir(os.path.join(top, name)))


# ---- layers and rooms

def wrong_include(name, mark, header):
    parts = name.split("/")
    layer = header.split("/")[0] if "/" in header else None
    if parts[1] == "lib":
        own = parts[2]
        if mark == "<":
            return (own in ("base", "mail") and header not in PURE and
                    (name, header) not in KERNEL_IN_PURE)
        return layer not in STANDS_ON[own] and (own, header) != ("config", "home_conf.h")
    if mark == "<":
        return False
    if layer:
        return layer not in STANDS_ON
    return not os.path.exists(os.path.join(build.TOP, os.path.dirname(name), header))


def test_layers():
    wrong = ["%s includes %s" % (name, header) for name in SOURCES
             for mark, header in includes(name) if wrong_include(name, mark, header)]
    assert not wrong, "\n".join(wrong)


def test_linux_headers():
    wrong = [(name, header) for name in SOURCES for _, header in includes(name)
             if header.startswith("linux/")]
    assert not wrong


def test_rooms_tell_who_works_there():
    wrong = [room for room in ["."] + rooms()
             if not os.path.exists(os.path.join(build.TOP, "src", room, "README"))]
    assert not wrong, "no README in " + ", ".join(wrong)


# ---- words and sizes

def test_forbidden_calls():
    call = re.compile(r"\b(%s)\s*\(" % "|".join(FORBIDDEN_CALLS))
    wrong = ["%s: %s" % (name, word) for name in SOURCES
             for word in call.findall(without_comments(build.read(name)))]
    assert not wrong, "\n".join(wrong)


def test_kernel_by_number_only_in_sys():
    wrong = [name for name in SOURCES if not name.startswith("src/lib/sys/") and
             re.search(r"\bsyscall\s*\(", without_comments(build.read(name)))]
    assert not wrong


def test_extensions_only_in_attr():
    wrong = [name for name in SOURCES if name != "src/lib/base/attr.h" and
             re.search(r"__attribute__|__builtin_|\b__extension__|_GNU_SOURCE|_BSD_SOURCE",
                       without_comments(build.read(name)))]
    assert not wrong


def test_file_lengths():
    wrong = ["%s: %d lines" % (name, count) for name in SOURCES
             for count in [build.read(name).count("\n")] if count > FILE_LINES]
    assert not wrong, "\n".join(wrong)


def functions(text):
    """(name, lines) of each function definition in our layout."""
    for found in re.finditer(r"^(\w+)\((?:[^;{]|\n)*?\)\n\{\n(.*?)^\}", text, re.M | re.S):
        yield found.group(1), found.group().count("\n") + 1


def test_function_lengths():
    wrong = ["%s: %s has %d lines" % (name, function, lines) for name in C_FILES
             for function, lines in functions(without_comments(build.read(name)))
             if lines > FUNCTION_LINES]
    assert not wrong, "\n".join(wrong)


def test_functions_are_found():
    assert sum(len(list(functions(build.read(name)))) for name in C_FILES) > 500


def test_each_file_says_what_it_is():
    wrong = [name for name in SOURCES if not re.match(
        r"/\*\s(\* )?%s - " % re.escape(os.path.basename(name)),
        re.sub(r"^/\*\n ", "/* ", build.read(name)))]
    assert not wrong, "\n".join(wrong)


def test_programs_say_who_runs_them():
    mains = [name for name in C_FILES if not name.startswith("src/lib/") and
             re.search(r"^main\(", build.read(name), re.M)]
    assert len(mains) > 15
    wrong = [name for name in mains
             if not re.search(r"^ \* Runs as   \S", build.read(name).split("*/")[0], re.M)]
    assert not wrong, "\n".join(wrong)


def test_layout():
    shown = subprocess.run(["clang-format", "--version"], stdout=subprocess.PIPE).stdout.decode()
    if not re.search(r"version %s\." % FORMATTER_VERSION, shown):
        pytest.skip("needs clang-format " + FORMATTER_VERSION)
    build.run(["clang-format", "--dry-run", "-Werror", *SOURCES], cwd=build.TOP)


# ---- manual pages

def install_table():
    """(kind, name, from) of each line in the table of qmail-install."""
    found = re.findall(r'\{ (\w+), "([^"]*)",.*?(?:"([^"]*)"|NULL), \w+ \}',
                       build.read("src/install/items.c"))
    assert len(found) > 30
    return found


def pages():
    return sorted(os.listdir(os.path.join(build.TOP, "man")))


def referred(page):
    """The page that this one is another name of; None: it is one itself."""
    found = re.fullmatch(r"\.so man(\d)/(\S+\.\1)\n", build.read("man/" + page))
    return found and found[2]


def own_pages():
    return [page for page in pages() if not referred(page)]


def test_pages_are_well_formed():
    build.run(["mandoc", "-Tlint", "-Wwarning", *("man/" + page for page in own_pages())],
              cwd=build.TOP)


def test_pages_of_several_programs_name_each():
    others = [page for page in pages() if referred(page)]
    assert others
    for page in others:
        name = re.escape(page.rsplit(".", 1)[0])
        head = build.read("man/" + referred(page)).partition(".Sh SYNOPSIS")[0]
        assert re.search(r"^\.Nm %s( ,)?$" % name, head, re.M), page


def test_programs_have_pages():
    programs = [os.path.basename(name) for kind, name, _ in install_table()
                if kind in ("PROGRAM", "SCRIPT")]
    wrong = [name for name in programs if not {name + ".1", name + ".8"} & set(pages())]
    assert not wrong, "no page for " + ", ".join(wrong)


def test_pages_are_installed():
    sections = {(name, suffix) for kind, name, suffix in install_table() if kind == "MANUAL"}
    wrong = [page for page in pages()
             if ("man/man" + page[-1], page[-2:]) not in sections]
    assert not wrong, "not installed: " + ", ".join(wrong)


def test_pages_have_their_sections_in_order():
    wrong = []
    for page in own_pages():
        heads = re.findall(r'^\.Sh "?([^"\n]+)', build.read("man/" + page), re.M)
        places = [SECTIONS.index(head) for head in heads if head in SECTIONS]
        if places != sorted(places):
            wrong.append("%s: order %s" % (page, heads))
        if page[-1] in "18":
            wrong += ["%s: no %s" % (page, head) for head in REQUIRED if head not in heads]
            wrong += ["%s: %s" % (page, head) for head in heads if head not in SECTIONS]
    assert not wrong, "\n".join(wrong)


# ---- what belongs here

# Split, so that this file does not find itself.
STRANGE = re.compile(
    r"\.\./shar" r"ed|/wo" r"rk/|\brun_(net|cases|send)\.py|con" r"formance/|cla" r"ude\b|anthro" r"pic"
    r"|chat" r"gpt|\bllm\b|\b(language|ai) mo" r"del|\bsub-?ag" r"ents?\b|\bai ag" r"ents?\b", re.I)
UNDONE = re.compile(r"\b(XXX|FIXME|TODO)\b")


def project_files():
    for top in ("src", "man", "tests"):
        for folder, folders, names in os.walk(os.path.join(build.TOP, top)):
            folders[:] = [name for name in folders if name != "__pycache__"]
            yield from (os.path.join(folder, name) for name in names)
    for name in os.listdir(build.TOP):
        path = os.path.join(build.TOP, name)
        if os.path.isfile(path) and name != ".git":
            yield path


def test_project_speaks_of_itself():
    wrong = []
    for path in project_files():
        with open(path, encoding="latin-1") as source:
            for number, line in enumerate(source, 1):
                if STRANGE.search(line):
                    wrong.append("%s:%d: %s" % (
                        os.path.relpath(path, build.TOP), number, line.strip()[:80]))
    assert not wrong, "\n".join(wrong)


def test_nothing_is_marked_undone():
    wrong = [name for name in SOURCES if UNDONE.search(build.read(name))]
    assert not wrong, "\n".join(wrong)


def test_shell_scripts_parse():
    scripts = build.source_files(".sh") + ["tests/run"]
    for folder, _, names in os.walk(os.path.join(build.TOP, "src/install/service")):
        scripts += [os.path.relpath(os.path.join(folder, name), build.TOP) for name in names]
    for name in scripts:
        build.run(["sh", "-n", name], cwd=build.TOP)


def test_version():
    """README and the programs name the same one."""
    with open("src/lib/base/version.h") as header, open("README") as readme:
        version = re.search('SUITE_VERSION "Angarium ([0-9.]+)"', header.read()).group(1)
        assert "Version %s." % version in readme.read()


# Pages of other packages and of the system.
FOREIGN_PAGES = set("""asctime(3) biff(1) crypt(3) ctime(3) fcntl(2) find(1) flock(2) hostname(1)
    logger(1) multilog(8) passwd(5) printf(1) ps(1) rename(2) shadow(5) syslog(3) tcpclient(1)
    tai64n(8) tcpserver(1) uname(1)""".split())
# Of the installation, which has no page; an example; several of one.
OTHER_PROGRAMS = {"qmail-install", "qmail-dial", "qmail-getpws"}


def test_no_page_names_what_is_not_there():
    there = {"%s(%s)" % tuple(name.rsplit(".", 1)) for name in os.listdir("man")}
    for name in sorted(os.listdir("man")):
        with open("man/" + name) as page:
            named = re.findall(r"(?m)^\.(?:.*\s)?Xr (\S+) (\d)", page.read())
        missing = {"%s(%s)" % pair for pair in named} - there - FOREIGN_PAGES
        assert not missing, (name, missing)


def test_no_text_names_a_program_that_is_not_there():
    programs = {name.rsplit(".", 1)[0] for name in os.listdir("man")} | OTHER_PROGRAMS | \
        set(os.listdir("src/install/service"))
    texts = ["README", "INSTALL"] + ["man/" + name for name in os.listdir("man")]
    texts += [os.path.join(folder, name) for folder, _, names in os.walk("src") for name in names]
    for path in texts:
        with open(path) as text:
            named = set(re.findall(r"(?<![.\w-])qmail-[a-z0-9]+\b", text.read()))
        assert not named - programs, (path, named - programs)
