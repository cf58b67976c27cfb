"""Programs that try to get out of the sandbox, and programs that try to talk the judge into a verdict."""

from __future__ import annotations

ESCAPES: dict[str, str] = {
    "is called by the collector": (
        "import gc\ngc.callbacks.append(lambda *a: LIBC.unlink((HOME + '/precious.txt').encode()))\ngc.collect()"
    ),
    "writes natively into every pipe": (
        '[LIBC.write(n, b\'["", {"t": "call"}]\\n\', 21) for n in range(3, 64)]\nraise ValueError(\'done\')'
    ),
    "waits for the exit": (
        "import atexit\natexit.register(lambda: LIBC.unlink((HOME + '/precious.txt').encode()))\nsys.exit(0)"
    ),
    "waits for a signal": (
        "signal.signal(signal.SIGALRM, lambda *a: LIBC.chmod((HOME + '/precious.txt').encode(), 0))\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.05)\ntime.sleep(0.3)"
    ),
    "hooks every import": (
        "class Hook:\n    def find_spec(self, *a):\n        LIBC.unlink((HOME + '/precious.txt').encode())\n"
        "sys.meta_path.insert(0, Hook())\nimport wave"
    ),
    "forks natively until it cannot": "[LIBC.fork() for _ in range(10)]\ntime.sleep(1000)",
    "starts threads until it cannot": (
        "for _ in range(5000):\n    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()"
    ),
    "changes by a descriptor": (
        "fd = os.open(HOME + '/precious.txt', os.O_RDONLY)\n"
        "[LIBC.fchmod(fd, 0o777), LIBC.ftruncate(fd, ctypes.c_long(0)), LIBC.futimens(fd, None), LIBC.fchown(fd, 1, 1)]"
    ),
    "changes by a folder's descriptor": (
        "fd = os.open(HOME, os.O_RDONLY)\n"
        "[LIBC.unlinkat(fd, b'precious.txt', 0), LIBC.fchmodat(fd, b'precious.txt', 0o777, 0)]"
    ),
    "goes through links in its folder": (
        "os.symlink(HOME, 'a')\nos.symlink('a/deep/..', 'b')\n"
        "[LIBC.unlink(b'b/precious.txt'), LIBC.lchown(b'b/precious.txt', 1, 1)]"
    ),
    "goes through the links of processes": (
        "[LIBC.unlink(f'/proc/{n}/root{HOME}/precious.txt'.encode()) for n in ('self', os.getppid(), 1)]"
    ),
    "maps the file": (
        "import mmap\nfd = os.open(HOME + '/precious.txt', os.O_RDONLY)\n"
        "mmap.mmap(fd, 8, prot=mmap.PROT_READ | mmap.PROT_WRITE)[0:1] = b'x'"
    ),
    "writes its own memory natively": (
        "fd = LIBC.open(b'/proc/self/mem', 2)\nLIBC.pwrite(fd, b'x', 1, ctypes.c_long(id(HOME)))"
    ),
    "writes into its parent natively": (
        "box = (ctypes.c_void_p * 2)(id(HOME), 1)\nLIBC.process_vm_writev(os.getppid(), box, 1, box, 1, 0)"
    ),
    "traces its parent": "LIBC.ptrace(16, os.getppid(), None, None)",
    "takes its parent's pipes": (
        "for n in range(64):\n    fd = LIBC.open(f'/proc/{os.getppid()}/fd/{n}'.encode(), 1)\n"
        "    LIBC.write(fd, b'{\"number\": 0}\\n', 14)"
    ),
    "speaks to a socket of the user's": (
        "s = LIBC.socket(1, 1, 0)\nname = (HOME + '/socket').encode()\n"
        "LIBC.connect(s, b'\\x01\\x00' + name + bytes(108 - len(name)), 110)\nLIBC.write(s, b'hello', 5)"
    ),
    "speaks to a socket without a file": (
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\nLIBC.connect(s.fileno(), b'\\x01\\x00\\x00bus', 6)"
    ),
    "leaves shared memory": "LIBC.shm_open(b'/gradlint-hostile', 66, 0o666)\nLIBC.shmget(4711, 4096, 0o1666)",
    "makes a namespace of users": "LIBC.unshare(0x10020000)\nLIBC.mount(b'none', HOME.encode(), b'tmpfs', 0, None)",
    "tells a gigabyte": "raise ValueError('x' * (1 << 30))",
    "reports without end": (
        "with tf.GradientTape() as t:\n    v = tf.constant(1.0)\n    for _ in range(10**7):\n        t.watch(v)"
    ),
    "changes the time of what it reads": "open(HOME + '/precious.txt').read()\nos.listdir(HOME + '/deep')",
}
"""Ways that the kernel refuses or that are of no use; nobody else may feel any of them."""

TALKERS: dict[str, str] = {
    "replaces json": (
        "import json\nreal = json.dumps\njson.dumps = lambda o, **k: real(o, **k).replace('value', 'none')"
    ),
    "replaces the way out": (
        "write = os.write\nos.write = lambda fd, data: write(fd, data.replace(b'value', b'none')) and len(data)"
    ),
    "replaces NumPy": "np.isfinite = lambda a: np.zeros(1, bool)",
    "replaces the reading of tensors": "from tensorflow.python.framework import ops\nops._EagerTensorBase.numpy = None",
    "replaces the flattening": "tf.nest.flatten = lambda value, **k: [None]",
    "replaces a built-in": (
        "import builtins\nreal = hasattr\nbuiltins.hasattr = lambda o, n: n != 'numpy' and real(o, n)"
    ),
    "replaces the exit of the tape": (
        "kept = tf.GradientTape.__exit__\n"
        "def leave(tape, *a):\n    tape.reset()\n    return kept(tape, *a)\ntf.GradientTape.__exit__ = leave"
    ),
    "replaces the tape's push": "tf.GradientTape._push_tape = lambda tape, *a: None",
    "replaces the gradient of a multiplication": (
        "from tensorflow.python.eager import backprop\nbackprop._gradient_function = lambda *a: [None, None]"
    ),
    "replaces the class of the tape": (
        "class Mine(tf.GradientTape):\n    def gradient(self, *a, **k):\n        return None\ntf.GradientTape = Mine"
    ),
    "traces the observer": "sys.settrace(lambda frame, what, value: None)",
    "profiles the observer": "sys.setprofile(lambda frame, what, value: None)",
    "replaces the observer's own method": (
        "kind = [v for m in list(sys.modules.values()) for n, v in list(vars(m).items()) if n == 'Val' + 'ues'][0]\n"
        "kind.outcome = lambda self, gradient: 'none'"
    ),
}
"""Ways to make a gradient that arrives look lost, without a word of what looks on."""
