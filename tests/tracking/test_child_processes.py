"""What child processes of a step read is the step's, as far as they can report it or were given it by name."""

from __future__ import annotations

import inspect
import linecache
import multiprocessing
import os
import pickle
import shlex
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import joblib
import pytest

from zencache.tracking import child_processes
from zencache.tracking.file_digests import FileDigests
from zencache.tracking.observed_inputs import changed
from zencache.tracking.program_arguments import Program
from zencache.tracking.tracker import watching

pytestmark = pytest.mark.file_times
LONG_AGO = 1_000_000_000


@pytest.fixture
def project(folder):
    """A project with some old files."""
    for name in ("a.txt", "b.txt", "data/c.txt"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("1")
        os.utime(path, (LONG_AGO, LONG_AGO))
    time.sleep(0.02)
    return folder


def seen_of(root, work):
    with watching(
        "train",
        root=root,
        ignore=[Path(".zencache")],
        digests=FileDigests(None),
        is_project=lambda file: file == __file__,
    ) as watch:
        work()
    return watch.seen()


def read(name):
    return Path(name).read_text()


def read_absent(name):
    try:
        return Path(name).read_text()
    except FileNotFoundError:
        return os.environ.get("MADE_UP_VARIABLE")


def write(name):
    Path(name).write_text("new")


def pool(method, function, *names):
    with multiprocessing.get_context(method).Pool(2) as workers:
        workers.map(function, names)


def executor(method, function, *names):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as workers:
        list(workers.map(function, names))


def process(method, function, name):
    child = multiprocessing.get_context(method).Process(target=function, args=(name,))
    child.start()
    child.join()


def by_hand(method, function, name):
    if os.fork() == 0:
        function(name)
        os._exit(0)
    os.wait()


def in_thread(method, function, *names):
    thread = threading.Thread(target=pool, args=(method, function, *names))
    thread.start()
    thread.join()


def with_joblib(method, function, *names):
    joblib.Parallel(n_jobs=2, backend=method)(joblib.delayed(function)(name) for name in names)


def grandchild(name):
    by_hand("fork", read, name)


@pytest.mark.parametrize(
    ("start", "method"),
    [
        (pool, "fork"),
        (executor, "fork"),
        (process, "fork"),
        (by_hand, "fork"),
        (in_thread, "fork"),
        (with_joblib, "multiprocessing"),
        (process, "spawn"),
        (executor, "spawn"),
        (process, "forkserver"),
        (with_joblib, "loky"),
    ],
)
def test_a_file_that_a_child_reads_is_seen(project, start, method):
    """However the child is started, and although most of them are ended without a word."""
    seen = seen_of(project, lambda: start(method, read, "data/c.txt"))
    assert [*seen.files] == ["data/c.txt"]
    assert seen.notes == ()
    (project / "data" / "c.txt").write_text("2")
    assert changed(seen, project, FileDigests(None)) == ["data/c.txt, which it read, changed"]


def test_a_file_that_a_grandchild_reads_is_seen(project):
    assert [*seen_of(project, lambda: process("fork", grandchild, "a.txt")).files] == ["a.txt"]


def test_what_a_child_misses_is_seen(project):
    """A file that is not there, and a variable that is not set."""
    seen = seen_of(project, lambda: by_hand("fork", read_absent, "none.txt"))
    assert seen.files == {"none.txt": ""}
    assert seen.environment == {"MADE_UP_VARIABLE": ""}


def test_what_a_child_wrote_is_no_input(project):
    """Neither for the child nor for the step."""

    def work():
        pool("fork", write, "new.txt")
        read("new.txt")
        by_hand("fork", read, "new.txt")

    seen = seen_of(project, work)
    assert (seen.files, seen.unstable) == ({}, ())


def test_what_the_step_wrote_is_no_input_of_a_pool_that_was_there_before(project):
    def work():
        with multiprocessing.get_context("fork").Pool(1) as workers:
            write("new.txt")
            time.sleep(0.02)
            workers.map(read, ["new.txt"])

    seen = seen_of(project, work)
    assert (seen.files, seen.unstable) == ({}, ())


def test_a_file_that_the_step_changes_after_a_child_read_it_is_unstable(project):
    def work():
        by_hand("fork", read, "a.txt")
        time.sleep(0.02)
        write("a.txt")

    assert seen_of(project, work).unstable == ("a.txt",)


def test_a_pool_that_an_earlier_step_started_counts_for_the_later_one(project):
    """Libraries keep their pools."""
    with multiprocessing.get_context("fork").Pool(1) as workers:
        pass
    workers = []

    def first():
        workers.append(multiprocessing.get_context("fork").Pool(1))
        workers[0].map(read, ["a.txt"])

    try:
        assert [*seen_of(project, first).files] == ["a.txt"]
        time.sleep(0.02)
        assert [*seen_of(project, lambda: workers[0].map(read, ["b.txt"])).files] == ["b.txt"]
    finally:
        workers[0].terminate()


@pytest.mark.parametrize(
    "run",
    [
        lambda: subprocess.run(["grep", "-c", "1", "a.txt"], check=False, stdout=subprocess.DEVNULL),
        lambda: subprocess.check_output(["cat", Path("a.txt").absolute()]),
        lambda: subprocess.check_output("cat a.txt | sort", shell=True),
        lambda: subprocess.check_output(["bash", "-c", "sort < a.txt > out.txt"]),
        lambda: os.system("cat a.txt > out.txt"),
        lambda: subprocess.check_output(["cat", "../a.txt"], cwd="data"),
        lambda: subprocess.check_output(["echo", "--input=a.txt"]),
        lambda: os.waitpid(os.posix_spawn("/bin/cat", ["cat", "a.txt"], {}), 0),
        lambda: subprocess.check_output("cat [a].txt", shell=True),
    ],
)
def test_a_file_that_a_program_is_given_is_seen(project, run):
    """Its name stands in the arguments. What else the program reads is not seen, and a note says so."""
    seen = seen_of(project, run)
    assert ([*seen.files], seen.unstable, len(seen.notes)) == (["a.txt"], (), 1)


def test_a_folder_that_a_program_is_given_is_seen(project):
    seen = seen_of(project, lambda: subprocess.check_output(["grep", "-rc", "1", "data"]))
    assert ([*seen.files], [*seen.folders]) == (["data/c.txt"], ["data"])


def test_the_working_folder_is_no_argument(project):
    """It would make everything in the project an input."""
    assert seen_of(project, lambda: subprocess.check_output(["ls", "."])).files == {}


def test_a_file_that_a_program_writes_is_no_input(project):
    """Whether its name is an argument or a redirection; the step may read it afterwards."""

    def work():
        os.system("cat a.txt > out.txt")
        subprocess.run(["cp", "a.txt", "b.txt"], check=True)
        read("out.txt")
        read("b.txt")

    seen = seen_of(project, work)
    assert ([*seen.files], seen.unstable) == (["a.txt"], ())


def test_a_program_that_a_child_starts_is_seen(project):
    seen = seen_of(project, lambda: by_hand("fork", lambda name: os.system(f"cat {name} > out.txt"), "a.txt"))
    assert ([*seen.files], len(seen.notes)) == (["a.txt"], 1)


@pytest.mark.parametrize("command", ["", "   ", "'", "a=b", "<", ">"])
def test_any_command_is_read(command):
    assert isinstance(Program.of((command.encode(),)), Program)


SCRIPTS = {
    "go.sh": "# comment\nF=a.txt\nif true; then\n  cat $F\nfi\n",
    "tool": "#!/usr/bin/env bash\ncat a.txt\n",
    "outer.sh": ". ./go.sh\n",
    "data/inner.sh": '#!/bin/sh\ncd "$(dirname "$0")" && cat ../a.txt\n',
    "given.sh": "cat $1\n",
}


@pytest.mark.parametrize(
    "words",
    [
        ["sh", "go.sh"],
        ["bash", "-e", "go.sh"],
        ["./tool"],
        ["bash", "outer.sh"],
        ["sh", "data/inner.sh"],
        ["sh", "given.sh", "a.txt"],
        ["bash", "-ec", "cd data && cat ../a.txt"],
        ["bash", "-c", "cat $0", "a.txt"],
    ],
)
def test_a_file_that_a_shells_script_names_is_seen(project, words):
    for name, text in SCRIPTS.items():
        (project / name).write_text(text)
        (project / name).chmod(0o755)
    seen = seen_of(project, lambda: subprocess.check_output(words))
    assert "a.txt" in seen.files


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        ("echo $MADE_UP", {"MADE_UP"}),
        ('x=1; echo "${MADE_UP:-2}$x$1$?"', {"MADE_UP"}),
        ("printenv MADE_UP", {"MADE_UP"}),
        ("env | sort", {"*"}),
        ("env x=1 cat a.txt", set()),
        ("echo $RANDOM > out.txt", set()),
    ],
)
def test_a_variable_that_a_shell_takes_is_seen(project, monkeypatch, command, variables):
    monkeypatch.setenv("MADE_UP", "1")
    seen = seen_of(project, lambda: subprocess.check_output(command, shell=True))
    assert set(seen.environment) == variables


def test_a_variable_that_the_step_gives_to_a_program_is_its_own(project):
    seen = seen_of(
        project, lambda: subprocess.check_output("echo $MADE_UP", shell=True, env={"MADE_UP": "1"})
    )
    assert seen.environment == {}


def test_a_pattern_that_a_shell_expands_is_seen(project):
    seen = seen_of(
        project, lambda: subprocess.check_output("cat data/*.txt; find . -name '*.md'", shell=True)
    )
    assert [*seen.facts["globs"]] == ["glob ./data/*.txt"]


def test_a_file_that_a_program_misses_is_seen(project):
    seen = seen_of(project, lambda: subprocess.run(["cat", "data/other.txt"], check=False))
    assert [*seen.facts["paths"]] == ["./data/other.txt"]


@pytest.mark.parametrize("program", ["pwd", "sh -c pwd", "sh -c 'echo $PWD'"])
def test_the_working_folder_that_a_program_shows_is_seen(project, program):
    seen = seen_of(project, lambda: subprocess.check_output(shlex.split(program)))
    assert "working folder" in seen.facts["state"]


SCRIPT = """
import os, sys
print(open(sys.argv[1]).read(), os.environ.get("PYTHONPATH"), "ZENCACHE_CHILD_CODE" in os.environ, len(sys.path))
"""


def run_script(*arguments, **options):
    return subprocess.run(
        [sys.executable, *arguments], text=True, capture_output=True, check=True, **options
    ).stdout


@pytest.fixture
def script(project):
    """A script of the project, which names its file itself."""
    path = project / "script.py"
    path.write_text(
        "import os\nfor name in ['a.txt', 'b.txt']:\n    open(name).close()\nos.environ.get('MADE_UP')\n"
    )
    os.utime(path, (LONG_AGO, LONG_AGO))
    time.sleep(0.02)
    return path


def test_what_a_python_script_reads_is_seen(project, script):
    seen = seen_of(project, lambda: run_script("script.py"))
    assert [*seen.files] == ["a.txt", "b.txt", "script.py"]
    assert (seen.environment, seen.notes and len(seen.notes)) == ({"MADE_UP": ""}, 1)


@pytest.mark.parametrize("environment", [None, {"PYTHONPATH": "/some/place"}, {}])
def test_a_python_script_finds_all_as_it_would_be(project, environment):
    """Its variables and the folders that it imports from are what they would be."""
    Path("script.py").write_text(SCRIPT)
    expected = run_script("script.py", "a.txt", env=environment)
    outputs = []
    seen_of(project, lambda: outputs.append(run_script("script.py", "a.txt", env=environment)))
    assert outputs == [expected]


def test_the_users_own_sitecustomize_is_imported(project):
    Path("own").mkdir()
    Path("own/sitecustomize.py").write_text("import sys\nsys.made_up = 5\n")
    outputs = []
    environment = {**os.environ, "PYTHONPATH": "own"}
    code = "import sys, sitecustomize; print(sys.made_up, sitecustomize.__file__)"
    seen_of(project, lambda: outputs.append(run_script("-c", code, env=environment)))
    assert outputs[0].split()[0] == "5"
    assert "own/sitecustomize.py" in outputs[0]


def test_a_script_in_another_folder_reads_there(project, script):
    """The folder in which a child begins is not the step's."""
    Path("inner").mkdir()
    for name, text in {"script.py": script.read_text(), "a.txt": "3", "b.txt": "4"}.items():
        Path("inner", name).write_text(text)
        os.utime(Path("inner", name), (LONG_AGO, LONG_AGO))
    time.sleep(0.02)
    seen = seen_of(project, lambda: run_script("script.py", cwd="inner"))
    assert [*seen.files] == ["inner/a.txt", "inner/b.txt", "inner/script.py"]


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess, sys; subprocess.run([sys.executable, 'script.py'])",
        "import subprocess, sys; subprocess.run(f'{sys.executable} script.py', shell=True)",
        "import subprocess, sys; subprocess.run(['nice', sys.executable, 'script.py'])",
        "from subprocess import check_output as run; import sys; run(['sh', '-c', sys.executable + ' script.py'])",
    ],
)
def test_scripts_that_a_script_starts_report_too(project, script, code):
    """Also where a shell or another program stands between."""
    assert {"a.txt", "b.txt"} <= {*seen_of(project, lambda: run_script("-c", code)).files}


def test_a_shell_that_starts_python_is_told_as_a_program(project, script):
    """What the shell reads for itself is not seen."""
    seen = seen_of(project, lambda: subprocess.check_output(f"{sys.executable} script.py", shell=True))
    assert {"a.txt", "b.txt"} <= {*seen.files}
    assert "starts another process" in "\n".join(seen.notes)


def test_an_interpreter_that_cannot_report_is_told(project, script):
    """Isolated mode ignores all variables."""
    seen = seen_of(project, lambda: run_script("-I", "script.py"))
    assert [*seen.files] == ["script.py"]
    assert "starts another process" in seen.notes[0]


def read_in_threads(folder):
    """Read 200 files in four threads at once."""
    names = [f"{folder}/{number}.txt" for number in range(200)]
    barrier = threading.Barrier(4)

    def reads(part):
        barrier.wait()
        for name in names[part::4]:
            read(name)

    threads = [threading.Thread(target=reads, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_all_threads_of_a_child_report(project):
    (project / "many").mkdir()
    for number in range(200):
        path = project / "many" / f"{number}.txt"
        path.write_text("1")
        os.utime(path, (LONG_AGO, LONG_AGO))
    time.sleep(0.02)
    assert len(seen_of(project, lambda: by_hand("fork", read_in_threads, "many")).files) == 200


def test_a_child_that_is_forked_while_another_thread_writes_reports(project, monkeypatch):
    """Nobody in the child ends what that thread began."""
    other = threading.main_thread().ident + 1

    def work(name):
        child_processes._writing.add(other)
        by_hand("fork", read, name)

    assert [*seen_of(project, lambda: by_hand("fork", work, "a.txt")).files] == ["a.txt"]


def read_own_text(_):
    Path(__file__).read_text()


def get_source(_):
    inspect.getsource(read)


@pytest.mark.parametrize("function", [read_own_text, get_source])
def test_a_source_file_that_a_child_reads_as_text_is_a_file(project, function):
    """Though its module is loaded."""
    linecache.clearcache()
    assert [*seen_of(project, lambda: by_hand("fork", function, "")).files] == [__file__]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_that_asks_for_the_working_folder_is_seen(project, method):
    seen = seen_of(project, lambda: process(method, ask_folder, ""))
    assert seen.facts["state"] == {"working folder": "."}


def ask_folder(_):
    os.getcwd()  # noqa: PTH109 - what is asked


def test_a_class_that_a_child_unpickles_is_seen(project):
    pickled = pickle.dumps(Pickled())
    with watching(
        "train",
        root=project,
        ignore=[],
        digests=FileDigests(None),
        is_project=lambda file: file == __file__,
        covers=lambda _: True,
    ) as watch:
        by_hand("fork", pickle.loads, pickled)
    assert [*watch.recorder.classes] == [(__file__, "Pickled")]


class Pickled:
    """A class of the project."""


@pytest.mark.parametrize("options", [["-I"], ["-S"], ["-uE"], ["-W", "ignore", "-sS"]])
def test_an_interpreter_that_ignores_the_folder_is_started_as_it_would_be(project, options):
    """It finds no variable that it could print, and is a program that is not seen."""
    Path("script.py").write_text(SCRIPT)
    expected, outputs = run_script(*options, "script.py", "a.txt"), []
    seen = seen_of(project, lambda: outputs.append(run_script(*options, "script.py", "a.txt")))
    assert (outputs, len(seen.notes)) == ([expected], 1)


def test_the_folder_of_reports_is_removed_by_the_process_that_made_it(project):
    """And by no child of it that exits before."""
    folder = child_processes._new_report().rpartition("/")[0]
    child_processes._remove_folder(os.getpid() + 1, folder)
    assert Path(folder).exists()
    script = (
        "import atexit, os\nfrom zencache.tracking import child_processes\n"
        "folder = child_processes._new_report().rpartition('/')[0]\n"
        "if os.fork() == 0:\n    raise SystemExit\n"
        "os.wait()\nprint(folder, os.path.exists(folder))\n"
    )
    made, was_there = run_script("-c", script).split()
    assert (was_there, Path(made).exists()) == ("True", False)
