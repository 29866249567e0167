"""What child processes read: Python scripts, forks, pools, and the arguments of other programs."""

from __future__ import annotations

from functools import partial

from tests.cache_truth.harness import ran

READ = "from pathlib import Path\n\ndef read(name):\n    return float(Path(name).read_text())\n"
N = {"n.txt": "1", "m.txt": "1"}
PRINTS = "import sys\nfrom pathlib import Path\nprint(Path('n.txt').read_text())\n"
RUN = "import subprocess, sys\n\ndef run(*command):\n    return float(subprocess.run(command, capture_output=True, check=True).stdout)\n"
SCRIPT = {**N, "tool.py": PRINTS}

of = partial(partial, ran, category="child processes")
script, forked, program = of(kind="Python scripts"), of(kind="forked processes"), of(kind="other programs")
READS = {"n.txt": "2"}
NOT_READ = {"m.txt": "2"}

PROBES = [
    script("what a script reads", "rerun", "return run(sys.executable, 'tool.py')", RUN, SCRIPT, READS),
    script(
        "what a script does not read", "hit", "return run(sys.executable, 'tool.py')", RUN, SCRIPT, NOT_READ
    ),
    script(
        "the text of a script",
        "rerun",
        "return run(sys.executable, 'tool.py')",
        RUN,
        SCRIPT,
        {"tool.py": ("print(", "print('1' + ")},
    ),
    script(
        "a module of a script",
        "rerun",
        "return run(sys.executable, 'tool.py')",
        RUN,
        {"tool.py": "import prep\nprint(prep.N)\n", "prep.py": "N = 1\n"},
        {"prep.py": "N = 2\n"},
    ),
    script(
        "code on a command line",
        "rerun",
        "return run(sys.executable, '-c', \"print(open('n.txt').read())\")",
        RUN,
        N,
        READS,
    ),
    script("a module that is run", "rerun", "return run(sys.executable, '-m', 'tool')", RUN, SCRIPT, READS),
    script(
        "a script of a script",
        "rerun",
        "return run(sys.executable, 'outer.py')",
        RUN,
        {**SCRIPT, "outer.py": "import subprocess, sys\nsubprocess.run([sys.executable, 'tool.py'])\n"},
        READS,
    ),
    script(
        "a script by Popen",
        "rerun",
        "return float(subprocess.Popen([sys.executable, 'tool.py'], stdout=subprocess.PIPE).communicate()[0])",
        "import subprocess, sys",
        SCRIPT,
        READS,
    ),
    script(
        "a script by a shell",
        "rerun",
        "return float(subprocess.check_output(f'{sys.executable} tool.py', shell=True))",
        "import subprocess, sys",
        SCRIPT,
        READS,
    ),
    script(
        "a script in another folder",
        "rerun",
        "return float(subprocess.check_output([sys.executable, 'tool.py'], cwd='d'))",
        "import subprocess, sys",
        {**N, "d/n.txt": "1", "d/tool.py": PRINTS},
        {"d/n.txt": "2"},
    ),
    script(
        "a file that a script in another folder does not read",
        "hit",
        "return float(subprocess.check_output([sys.executable, 'tool.py'], cwd='d'))",
        "import subprocess, sys",
        {**N, "d/n.txt": "1", "d/tool.py": PRINTS},
        READS,
    ),
    script(
        "a script that a forked process starts",
        "rerun",
        "with Pool(1) as pool:\n    return pool.map(run_tool, [0])[0]",
        "from multiprocessing import Pool\n"
        + RUN
        + "\ndef run_tool(_):\n    return run(sys.executable, 'tool.py')\n",
        SCRIPT,
        READS,
    ),
    script(
        "a variable that a script reads",
        "rerun",
        "return run(sys.executable, '-c', \"import os; print(os.environ.get('RATE', 1))\")",
        RUN,
        environ={"RATE": "2"},
    ),
    forked(
        "what a process reads",
        "rerun",
        "with Pool(1) as pool:\n    return pool.map(read, ['n.txt'])[0]",
        "from multiprocessing import Pool\n" + READ,
        N,
        READS,
    ),
    forked(
        "what a process does not read",
        "hit",
        "with Pool(1) as pool:\n    return pool.map(read, ['n.txt'])[0]",
        "from multiprocessing import Pool\n" + READ,
        N,
        NOT_READ,
    ),
    forked(
        "what an executor's process reads",
        "rerun",
        "with ProcessPoolExecutor(1) as pool:\n    return pool.submit(read, 'n.txt').result()",
        "from concurrent.futures import ProcessPoolExecutor\n" + READ,
        N,
        READS,
    ),
    forked(
        "what a fork reads",
        "rerun",
        "one, two = os.pipe()\nif os.fork() == 0:\n    os.write(two, str(read('n.txt')).encode())\n    os._exit(0)\nos.wait()\nreturn float(os.read(one, 9))",
        "import os\n" + READ,
        N,
        READS,
    ),
    forked(
        "what a process puts in a queue",
        "rerun",
        "queue = context.Queue()\nchild = context.Process(target=work_in, args=(queue,))\nchild.start()\ngot = queue.get()\nchild.join()\nreturn got",
        "from multiprocessing import get_context\ncontext = get_context('fork')\n"
        + READ
        + "\ndef work_in(queue):\n    queue.put(read('n.txt'))\n",
        N,
        READS,
    ),
    forked(
        "what a spawned process reads",
        "rerun",
        "with get_context('spawn').Pool(1) as pool:\n    return pool.map(read, ['n.txt'])[0]",
        "from multiprocessing import get_context\n" + READ,
        N,
        READS,
    ),
    forked(
        "what a worker of joblib reads",
        "rerun",
        "return Parallel(2, 'multiprocessing')(delayed(read)(n) for n in ('n.txt', 'm.txt'))[0]",
        "from joblib import Parallel, delayed\n" + READ,
        N,
        READS,
    ),
    forked(
        "what a worker of loky reads",
        "rerun",
        "return Parallel(2)(delayed(read)(n) for n in ('n.txt', 'm.txt'))[0]",
        "from joblib import Parallel, delayed\n" + READ,
        N,
        READS,
    ),
    program("a file among a program's arguments", "rerun", "return run('cat', 'n.txt')", RUN, N, READS),
    program("a file that no program is given", "hit", "return run('cat', 'n.txt')", RUN, N, NOT_READ),
    program(
        "a file in a shell's command",
        "rerun",
        "return float(subprocess.check_output('cat n.txt | head -1', shell=True))",
        "import subprocess",
        N,
        READS,
    ),
    program(
        "a file by os.popen", "rerun", "return float(os.popen('cat n.txt').read())", "import os", N, READS
    ),
    program(
        "a file as a program's input",
        "rerun",
        "return float(subprocess.check_output(['cat'], stdin=open('n.txt')))",
        "import subprocess",
        N,
        READS,
    ),
    program(
        "a file after an option",
        "rerun",
        "return float(subprocess.check_output(['head', '-c1', '--', './n.txt']))",
        "import subprocess",
        N,
        READS,
    ),
    program(
        "a shell script",
        "rerun",
        "return run('sh', 'tool.sh')",
        RUN,
        {"tool.sh": "echo 1\n"},
        {"tool.sh": "echo 2\n"},
    ),
    *[
        script(
            name,
            verdict,
            body,
            f"{RUN}import os\nos.environ['PATH'] = os.path.dirname(sys.executable) + ':' + os.environ['PATH']\n",
            {**SCRIPT, "go.sh": "python tool.py\n", "outer.sh": "cd . && bash go.sh\n"},
            edit,
        )
        for name, verdict, body, edit in [
            ("Python in a shell's script", "rerun", "return run('sh', 'go.sh')", READS),
            ("what Python in a shell's script does not read", "hit", "return run('sh', 'go.sh')", NOT_READ),
            ("Python in a script of a shell's script", "rerun", "return run('bash', 'outer.sh')", READS),
            (
                "Python in a shell's script by os.popen",
                "rerun",
                "return float(os.popen('sh go.sh').read())",
                READS,
            ),
        ]
    ],
]
