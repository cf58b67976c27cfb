"""Programs that a careless analysis explodes on: each kind of growth that Python has, beside a tape that is asked."""

from __future__ import annotations

from benchmarks.programs import HEAD

OPEN = "w = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n    y = w * 2.0\n"
CLOSE = "print(tape.gradient(y, w))\n"


def around(body: str, before: str = "") -> str:
    """A program that does something inside a tape's block, and asks the tape afterwards."""
    inside = "".join(f"    {line}\n" if line else "\n" for line in body.splitlines())
    return f"{HEAD}{before}{OPEN}{inside}{CLOSE}"


def repeated(line: str, times: int, before: str = "") -> str:
    """A program in which a line, with ``{n}`` for its number, stands many times."""
    return around("\n".join([before, *(line.replace("{n}", str(n)) for n in range(times))]))


def nested(opening: str, depth: int, innermost: str = "y = y + 1.0") -> str:
    """A program in which a statement, with ``{n}`` for its depth, stands inside itself."""
    lines = ["    " * n + opening.replace("{n}", str(n)) for n in range(depth)]
    return around("\n".join([*lines, "    " * depth + innermost]))


def diamonds(count: int) -> str:
    """Classes of which each two descend from the same two above them: 2**count ways up."""
    lines = ["class A0:\n    pass\n\n\nclass B0:\n    pass\n"]
    for n in range(count):
        lines.append(f"class A{n + 1}(A{n}, B{n}):\n    pass\n\n\nclass B{n + 1}(A{n}, B{n}):\n    pass\n")
    made = f"thing = A{count}()\nthing.scale = 2.0\ny = w * thing.scale + thing.missing()\n"
    return around(made, "\n\n".join(lines) + "\n\n")


def true_diamonds(count: int) -> str:
    """Diamonds that Python itself takes: each with a left, a right and a bottom."""
    lines = ["class D0:\n    def scale(self):\n        return 2.0\n"]
    for n in range(count):
        lines.append(
            f"class L{n}(D{n}):\n    pass\n\n\nclass R{n}(D{n}):\n    pass\n\n\nclass D{n + 1}(L{n}, R{n}):\n    pass\n"
        )
    return around(f"thing = D{count}()\ny = w * thing.scale()\n", "\n\n".join(lines) + "\n\n")


def turning_list() -> str:
    """A counted loop whose undecided branches append to a list and write into it."""
    return around(
        "xs = [y]\ni = 0\nwhile i < 26:\n    if flag(i):\n        xs.append(y * 2.0)\n    elif flag(i + 1):\n"
        "        xs[-1] = xs[-1] + y\n    else:\n        xs[0] = y\n    i += 1\ny = xs[-1]\n"
    )


def many_findings(count: int) -> str:
    """A file with so many lost gradients, each with a cause and a fix of its own."""
    step = (
        "def step{n}():\n    v = tf.Variable(1.0)\n    with tf.GradientTape() as tape:\n"
        "        y = tf.constant(np.square(v.numpy())) * {n}.0\n    return tape.gradient(y, v)\n\n\n"
    )
    return HEAD + "".join(step.replace("{n}", str(n)) for n in range(count))


def findings_in_one_tape(count: int) -> str:
    """One tape that loses so many variables, each at a line of its own."""
    lines = [HEAD, *(f"v{n} = tf.Variable({n}.0)\n" for n in range(count))]
    lines.append("with tf.GradientTape() as tape:\n    y = 0.0\n")
    lines += [f"    y = y + tf.round(v{n})\n" for n in range(count)]
    return "".join([*lines, f"print(tape.gradient(y, [{', '.join(f'v{n}' for n in range(count))}]))\n"])


def findings_in_one_function(count: int) -> str:
    """One function with so many tapes, each of which loses its gradient."""
    lines = [HEAD, "def step():\n"]
    for n in range(count):
        lines.append(
            f"    v{n} = tf.Variable(1.0)\n    with tf.GradientTape() as tape:\n        y = tf.round(v{n})\n"
            f"    print(tape.gradient(y, v{n}))\n"
        )
    return "".join([*lines, "\n\nstep()\n"])


def closures(depth: int) -> str:
    """Functions of which each gives back a function that calls the one before twice."""
    lines = ["def wrap(f):\n    def inner(x):\n        return f(x) + f(x)\n    return inner\n\n\nf = tf.sin\n"]
    lines += ["f = wrap(f)\n" for _ in range(depth)]
    return around("y = f(y)", "".join(lines))


def generators(depth: int) -> str:
    """Generators of which each gives the items of the one before twice."""
    lines = ["def twice(items):\n    for item in items:\n        yield item\n        yield item\n\n\ng = [1.0]\n"]
    lines += ["g = twice(g)\n" for _ in range(depth)]
    return around("y = y + sum(g)", "".join(lines))


def matches(count: int) -> str:
    """Match statements in a row, each of which appends in some of its cases."""
    case = "match flag({n}):\n    case 1:\n        xs.append(y)\n    case 2:\n        xs.append(w)\n    case _:\n        pass"
    return repeated(case, count, "xs = []").replace(CLOSE, "    y = y + sum(xs)\n" + CLOSE)


def tries(count: int) -> str:
    """Try statements in a row, each of which appends."""
    body = "try:\n    xs.append(flag({n}))\nexcept ValueError:\n    xs.append(y)\nfinally:\n    xs.append(w)"
    return repeated(body, count, "xs = []")


def nested_tries(depth: int) -> str:
    """Try statements with finally, one in the other."""
    lines = ["    " * n + "try:" for n in range(depth)] + ["    " * depth + "y = y * flag()"]
    for n in reversed(range(depth)):
        pad = "    " * n
        lines += [f"{pad}except ValueError:", f"{pad}    y = y + {n}.0", f"{pad}finally:", f"{pad}    y = y + w"]
    return around("\n".join(lines))


def decorators(count: int) -> str:
    """A function under so many decorators, each of which wraps it in a call of its own."""
    deco = "def deco(f):\n    def inner(*args, **kwargs):\n        return f(*args, **kwargs)\n    return inner\n\n\n"
    return around("y = work(y)", deco + "@deco\n" * count + "def work(x):\n    return x * 2.0\n\n\n")


def instances(depth: int) -> str:
    """Objects that hold one another, each the one before twice."""
    cls = "class Node:\n    def __init__(self, a, b):\n        self.a = a\n        self.b = b\n\n\nimport copy\nn = w0 = 1.0\n"
    return around("m = copy.deepcopy(n)\ny = y * m.a.b", cls + "n = Node(n, n)\n" * depth)


PROGRAMS: dict[str, str] = {
    "while with append and store": turning_list(),
    "ifs that append": repeated("if flag({n}):\n    xs.append(y)", 24, "xs = []"),
    "ifs that append fresh values": repeated("if flag({n}):\n    xs.append(y * {n}.0)", 60, "xs = []"),
    "ifs that store at the end": repeated("if flag({n}):\n    xs.append(y)\nelse:\n    xs[-1] = y * {n}.0", 60, "xs = [w]"),
    "ifs that insert keys": repeated("if flag({n}):\n    d[{n}] = y\nelse:\n    d[flag()] = w", 200, "d = {}"),
    "ifs that rebuild": repeated("if flag({n}):\n    xs = xs + [y]\nelse:\n    xs = [w, *xs, *xs]", 60, "xs = [y]"),
    "ifs that double a value": repeated("if flag({n}):\n    y = y + y\nelse:\n    y = y * y", 200),
    "class diamonds, refused": diamonds(20),
    "class diamonds": true_diamonds(30),
    "class tower": true_diamonds(300),
    "nest.flatten of a doubled tuple": around(
        "t = (y, y)\n" + "t = (t, t)\n" * 60 + "y = tf.add_n(tf.nest.flatten(t))"
    ),
    "deepcopy of a doubled tuple": around(
        "import copy\nt = (y, y)\n" + "t = (t, t)\n" * 60 + "u = copy.deepcopy(t)\ny = tf.add_n(tf.nest.flatten(u))"
    ),
    "deepcopy of doubled lists": around("import copy\nt = [y]\n" + "t = [t, t]\n" * 60 + "u = copy.deepcopy(t)"),
    "deepcopy of doubled dicts": around("import copy\nt = {'a': y}\n" + "t = {'a': t, 'b': t}\n" * 60 + "u = copy.deepcopy(t)"),
    "deepcopy of doubled objects": instances(60),
    "map_structure of a doubled tuple": around(
        "t = (y, y)\n" + "t = (t, t)\n" * 60 + "u = tf.nest.map_structure(lambda x: x * 2.0, t)"
    ),
    "gradient of a doubled tuple": around("t = (y, y)\n" + "t = (t, t)\n" * 40 + "pass").replace(
        CLOSE, "print(tape.gradient(t, t))\n"
    ),
    "watch of a doubled tuple": around("t = (y, y)\n" + "t = (t, t)\n" * 40 + "tape.watch(t)"),
    "doubled tuple as an argument": around("t = (y, y)\n" + "t = (t, t)\n" * 60 + "y = tf.stack(t)\nz = foreign(t)"),
    "doubled tuple returned by tf.function": around(
        "u = f(y)", "@tf.function\ndef f(y):\n    t = (y, y)\n" + "    t = (t, t)\n" * 60 + "    return t\n\n\n"
    ),
    "doubled tuple through a model": around(
        "u = model(t)", "model = keras.Sequential([keras.layers.Dense(1)])\nt = (1.0, 1.0)\n" + "t = (t, t)\n" * 60
    ),
    "doubled tuple as a dataset": around(
        "for u in d:\n    y = y + 1.0",
        "t = (1.0, 1.0)\n" + "t = (t, t)\n" * 60 + "d = tf.data.Dataset.from_tensors(t)\n",
    ),
    "doubled tuple as numbers": around("y = tf.constant(t) * w", "t = (1.0, 1.0)\n" + "t = (t, t)\n" * 60),
    "doubled tuple as a key": around("d = {t: y}\ny = d[t]", "t = (1, 1)\n" + "t = (t, t)\n" * 60),
    "doubled tuple to sum": around("y = y + sum(t)", "t = (1.0, 1.0)\n" + "t = t + t\n" * 60),
    "doubled f-string": around("s = 'ab'\n" + "s = f'{s}{s}'\n" * 60),
    "doubled f-string of itself": repeated("s = f'{s}{s}{s}{s}{s}{s}{s}{s}'", 40, "s = 'ab'"),
    "doubled percent": around("s = 'ab'\n" + "s = '%s%s' % (s, s)\n" * 60),
    "percent of a wide width": around("s = '%0999999999d' % 1\nt = '%*d' % (999999999, 1)"),
    "doubled text": around("s = 'ab'\n" + "s = s + s\n" * 60),
    "doubled bytes": around("s = b'ab'\n" + "s = s + s\n" * 60),
    "multiplied text": around("s = 'ab' * 9999999999\nt = 'x' * 10 ** 9\nu = [0] * 10 ** 9\nv = (1,) * 10 ** 9"),
    "format of a wide width": around(
        "s = format(1, '0999999999d')\nt = '{:>999999999}'.format(1)\nu = f'{1:0999999999}'"
    ),
    "padded text": around(
        "s = 'a'.ljust(10 ** 9)\nt = 'a'.zfill(10 ** 9)\nu = 'a'.center(10 ** 9)\nv = 'a'.rjust(10 ** 9)"
    ),
    "joined text": repeated("s = s.join([s, s, s])", 60, "s = 'ab'"),
    "replaced text": repeated("s = s.replace('a', s)", 60, "s = 'aa'"),
    "str of a big number": around("s = str(2 ** 60 ** 2)\nt = repr(1 << 64)\n" + "n = 3\n" + "n = n * n\n" * 60),
    "powers": around("n = 9 ** 9 ** 9\nm = 2 ** 64 ** 64\nk = 1 << 10 ** 9\nj = pow(7, 10 ** 9)\nh = 10 ** 10 ** 10"),
    "factorials": around("import math\nn = math.factorial(10 ** 6)\nm = math.comb(10 ** 6, 10 ** 5)\nk = math.perm(10 ** 6)"),
    "math that doubles": around("import math\nn = 3\n" + "n = math.prod([n, n])\n" * 60 + "k = math.lcm(*range(1, 50))"),
    "exact powers by math": around("import math\nn = math.ldexp(1.0, 1000)\nm = math.isqrt(10 ** 5000)\nk = math.pow(10, 308)"),
    "big numeric literals": around(f"n = {'9' * 4000}\nm = 0x{'f' * 100_000}\nk = n * m\nj = m + m"),
    "a text of a million": around(f"s = '{'x' * 1_000_000}'\n" + "t = s\n" * 200 + "k = [c for c in s]\nj = s[::-1]"),
    "doubled list": around("xs = [y]\n" + "xs = xs + xs\n" * 60),
    "doubled list in place": around("xs = [y]\n" + "xs += xs\n" * 60),
    "extended by itself": around("xs = [y]\n" + "xs.extend(xs)\n" * 60),
    "multiplied list": around("xs = [y]\n" + "xs = xs * 8\n" * 60),
    "doubled by star": around("xs = [y]\n" + "xs = [*xs, *xs]\n" * 60),
    "doubled set": around("xs = {1}\n" + "xs = {*xs, *xs}\n" * 60 + "xs |= xs\n"),
    "doubled dictionary": around("d = {'a': y}\n" + "d = {**d, flag(): d, **d}\n" * 60),
    "dictionary updated by itself": around("d = {'a': y}\n" + "d.update({flag(): d})\n" * 60 + "d.update(d)\n"),
    "doubled by chain": around("import itertools\nxs = [y]\n" + "xs = list(itertools.chain(xs, xs))\n" * 60),
    "doubled by zip": around("xs = [y]\n" + "xs = list(zip(xs, xs))\n" * 60 + "y = xs[0]"),
    "doubled by a comprehension": around("xs = [y]\n" + "xs = [x for x in xs for _ in range(2)]\n" * 60),
    "star arguments": around("xs = [y]\n" + "xs = f(*xs, *xs)\n" * 60, "def f(*args):\n    return args\n\n\n"),
    "star keywords": around(
        "d = {'a': y}\n" + "d = f(**d, **{str(k): 1 for k in range(60)})\n" * 60,
        "def f(**kwargs):\n    return kwargs\n\n\n",
    ),
    "star unpacking": around("xs = [y] * 60\n" + "a, *xs = [*xs, *xs]\n" * 60),
    "range products": around(
        "n = [a for a in range(60) for b in range(60) for c in range(60) for d in range(60)]\n"
        "m = {a: b for a in range(60) for b in range(60) for c in range(60)}\ny = y * n[0]"
    ),
    "nested loops": nested("for i{n} in range(8):", 12, "y = y * w"),
    "nested long loops": nested("for i{n} in range(1000):", 18, "y = y * w"),
    "nested undecided loops": nested("while flag({n}):", 18, "y = y * w"),
    "nested ifs that append": nested("if flag({n}):", 18, "xs = [y, y]"),
    "nested with": nested("with tf.GradientTape() as t{n}:", 19, "y = y * w"),
    "many tapes in one with": around(
        "with " + ", ".join(f"tf.GradientTape() as t{n}" for n in range(300)) + ":\n    y = y * w\n"
        + "y = y * 2.0\n" * 300
    ),
    "persistent tapes asked again": around(
        "y = y * w\n" * 100, "".join(f"t{n} = tf.GradientTape(persistent=True)\nt{n}.__enter__()\n" for n in range(100))
    ),
    "itertools products": around(
        "import itertools\nxs = list(itertools.product(range(60), repeat=9))\n"
        "ys = list(itertools.permutations(range(60)))\nzs = list(itertools.combinations(range(60), 30))\nfor a in xs:\n    y = y + w"
    ),
    "huge range": around("for i in range(10 ** 18):\n    y = y * w\nxs = list(range(10 ** 12))\nys = [*range(10 ** 12)]"),
    "huge ranks": around(
        "a = tf.zeros([1] * 10 ** 6)\nb = tf.ones([2] * 60) * w\nc = tf.reduce_sum(b)\nd = tf.zeros([10 ** 9, 10 ** 9])\n"
        "y = y + tf.reduce_sum(c + d)"
    ),
    "nested number": around("y = y * tf.constant(" + "[" * 80 + "1.0" + "]" * 80 + ")"),
    "powers of tensors": around("y = tf.constant(10.0) ** 300.0 * w\nz = tf.constant(10) ** 30 ** 2\n"),
    "known values that grow": around("a = tf.constant(3)\n" + "a = a * a\n" * 200 + "y = y * tf.cast(a, tf.float32)"),
    "closures": closures(60),
    "closures over closures": around(
        "y = f(y)",
        "def wrap(f):\n    return lambda x: f(f(x))\n\n\nf = tf.sin\n" + "f = wrap(f)\n" * 60,
    ),
    "recursive closures": around(
        "y = make(0)(y)",
        "def make(n):\n    def one(x):\n        return make(n + 1)(x) + make(n + 2)(x)\n"
        "    def two(x):\n        return one(x) + one(x)\n    return two if flag() else one\n\n\n",
    ),
    "recursion": around(
        "y = f(y, 40)", "def f(x, n):\n    return f(x, n - 1) + f(x, n - 2) if flag(n) else g(x, n)\n\n\n"
        "def g(x, n):\n    return f(x, n) * f(x, n - 1)\n\n\n"
    ),
    "mutual recursion of many": around(
        "y = f0(y)",
        "".join(
            f"def f{n}(x):\n    return f{(n + 1) % 40}(x) + f{(n + 3) % 40}(x) + f{(n + 7) % 40}(x)\n\n\n"
            for n in range(40)
        ),
    ),
    "wide call tree": around(
        "y = f0(y)",
        "".join(f"def f{n}(x):\n    return {' + '.join([f'f{n + 1}(x)'] * 8)}\n\n\n" for n in range(22))
        + "def f22(x):\n    return tf.sin(x)\n\n\n",
    ),
    "call tree of partials": around(
        "y = f(y)", "import functools\n\n\ndef two(g, x):\n    return g(x) + g(x)\n\n\nf = tf.sin\n"
        + "f = functools.partial(two, f)\n" * 60
    ),
    "generators": generators(60),
    "generator expressions": around("g = [y]\n" + "g = (x for x in g for _ in range(2))\n" * 60 + "y = sum(g)"),
    "maps of maps": around("g = [y]\n" + "g = map(lambda x: x + x, g)\n" * 200 + "y = sum(g)"),
    "generator that yields itself": around(
        "y = sum(g(0))", "def g(n):\n    yield from g(n + 1)\n    yield from g(n + 2)\n    yield 1.0\n\n\n"
    ),
    "reduce": around("import functools\nxs = [y] * 60\n" + "y = functools.reduce(lambda a, b: a + b, xs)\n" * 60),
    "matches": matches(60),
    "match of deep patterns": around(
        "match y:\n    case " + "[" * 60 + "a" + "]" * 60 + ":\n        y = a\n    case "
        + " | ".join(str(n) for n in range(600)) + ":\n        y = w"
    ),
    "tries": tries(60),
    "nested tries": nested_tries(18),
    "ifs in loops": around(
        "for i in range(1000):\n" + "".join(f"    if flag({n}):\n        y = y * w + y\n" for n in range(200))
    ),
    "breaks": around(
        "while flag():\n" + "".join(f"    if flag({n}):\n        y = y * w\n        break\n" for n in range(300))
    ),
    "continues": around(
        "for i in range(60):\n" + "".join(f"    if flag({n}):\n        y = y * w\n        continue\n" for n in range(60))
    ),
    "returns": around(
        "y = f(y)",
        "def f(x):\n    xs = []\n"
        + "".join(f"    xs.append(x)\n    if flag({n}):\n        return xs[-1] * {n}.0\n" for n in range(600))
        + "    return x\n\n\n",
    ),
    "elifs that rebind": around(
        "if flag():\n    pass\n" + "".join(f"elif flag({n}):\n    y = y * {n}.0\n    xs = [y]\n" for n in range(900))
    ),
    "conditional expressions": around("y = " + "(w if flag() else " * 60 + "y" + ")" * 60),
    "conditional expressions in a row": repeated("y = y * 2.0 if flag({n}) else y + y", 600),
    "or chains": around("y = " + " or ".join(f"flag({n})" for n in range(3000)) + " or y"),
    "comparison chains": around("z = " + " < ".join(["y"] * 3000)),
    "long sum": around("y = " + " + ".join(["w"] * 6000)),
    "deep brackets": around("y = y + " + "(" * 90 + "w" + ")" * 90),
    "deep unary": around("y = " + "-" * 900 + "w"),
    "deep attributes": around("y = y * foreign" + ".part" * 900),
    "deep calls": around("y = y * foreign" + "()" * 90 + "(y)" * 90),
    "deep subscripts": around("y = y * foreign" + "[0]" * 900),
    "deep lambdas": around("f = " + "lambda: " * 90 + "y\ny = f" + "()" * 90),
    "deep lists": around("xs = " + "[" * 90 + "y" + "]" * 90 + "\ny = xs" + "[0]" * 90),
    "self holding list": around("xs = [y]\n" + "xs.append(xs)\n" * 30 + "y = tf.add_n(tf.nest.flatten(xs))"),
    "self holding list copied": around("import copy\nxs = [y]\nxs.append(xs)\nzs = copy.deepcopy(xs)\ntape.watch(xs)"),
    "self holding list asked": around("xs = [y]\nxs.append(xs)").replace(CLOSE, "print(tape.gradient(xs, xs))\n"),
    "self holding dict": around("import copy\nd = {}\nd['d'] = d\nd['y'] = y\nzs = copy.deepcopy(d)").replace(
        CLOSE, "print(tape.gradient(d, d))\n"
    ),
    "self holding object": around(
        "a = N()\na.a = a\na.b = [a, a]\na.c = {'a': a}\nb = copy.deepcopy(a)\ny = y * b.a.a.b[0].c['a'].a.w",
        "import copy\n\n\nclass N:\n    pass\n\n\n",
    ),
    "list of lists of itself": around("xs = [y]\n" + "xs[0] = [xs, xs]\n" * 60 + "z = tf.stack(xs)"),
    "decorators": decorators(200),
    "classes that wrap": around("n = y\n" + "n = Wrap(n)\n" * 200 + "y = n()", "class Wrap:\n    def __init__(self, f):\n        self.f = f\n\n    def __call__(self):\n        return self.f() + self.f()\n\n\n"),
    "properties that double": around(
        "y = Node().p60",
        "class Node:\n    @property\n    def p0(self):\n        return 1.0\n\n"
        + "".join(
            f"    @property\n    def p{n + 1}(self):\n        return self.p{n} + self.p{n}\n\n" for n in range(60)
        ) + "\n\n",
    ),
    "operators that double": around(
        "n = N()\n" + "n = n + n\n" * 200,
        "class N:\n    def __init__(self, a=None, b=None):\n        self.a = a\n        self.b = b\n\n"
        "    def __add__(self, other):\n        return N(self, other)\n\n\n",
    ),
    "operator that calls itself": around(
        "n = N()\ny = n + n", "class N:\n    def __add__(self, other):\n        return (self + other) + (other + self)\n\n\n"
    ),
    "getitem that calls itself": around(
        "n = N()\ny = n[0]", "class N:\n    def __getitem__(self, i):\n        return self[i + 1] + self[i + 2]\n\n\n"
    ),
    "attribute writes of unknowns": around(
        "".join(f"thing.a{n} = y\nthing.b = thing.a{n}\nthing[{n}] = thing\n" for n in range(900))
    ),
    "unknowns that hold one another": around("a = foreign()\nb = foreign()\n" + "a.b = b\nb.a = a\na = a.b.a\n" * 300),
    "code of others that sees all": around("".join(f"y = foreign(y, w, {n})\n" for n in range(3000))),
    "lists handed to others": around("xs = []\n" + "".join(f"xs.append(y * {n}.0)\nforeign(xs)\n" for n in range(900))),
    "state kept by closures": around(
        "f = make()\n" + "f(y)\n" * 300, "def make():\n    seen = []\n\n    def f(x):\n        seen.append(x)\n"
        "        return seen\n    return f\n\n\n"
    ),
    "globals that grow": around("f(y)\n" * 300, "seen = []\n\n\ndef f(x):\n    global seen\n    seen = seen + seen + [x]\n\n\n"),
    "variables assigned again": around("".join(f"w.assign(y * {n}.0)\ny = y * w\n" for n in range(900))),
    "metrics fed again": around(
        "".join(f"m.update_state(y * {n}.0)\n" for n in range(600)) + "y = m.result()",
        "import keras\n\nm = keras.metrics.Mean()\n",
    ),
    "layers added again": around(
        "y = model(y)", "import keras\n\nmodel = keras.Sequential()\n" + "model.add(keras.layers.Dense(1))\n" * 600
    ),
    "models of models": around(
        "y = m(y)",
        "import keras\n\nm = keras.Sequential([keras.layers.Dense(1)])\n" + "m = keras.Sequential([m, m])\n" * 40,
    ),
    "functional doubling": around(
        "y = model(y)",
        "import keras\n\ni = x = keras.Input((1,))\n" + "x = keras.layers.Add()([x, x])\n" * 60
        + "model = keras.Model(i, x)\n",
    ),
    "functional models of models": around(
        "y = m(y)",
        "import keras\n\ni = keras.Input((1,))\nm = keras.Model(i, keras.layers.Dense(1)(i))\n"
        + "m = keras.Model(i, keras.layers.Add()([m(i), m(i)]))\n" * 40,
    ),
    "layer that calls layers": around(
        "y = b(y)",
        "import keras\n\n\nclass B(keras.layers.Layer):\n    def __init__(self, a):\n        super().__init__()\n"
        "        self.a = a\n\n    def call(self, x):\n        return self.a(x) + self.a(x)\n\n\nb = keras.layers.Dense(1)\n"
        + "b = B(b)\n" * 40,
    ),
    "tf.function towers": around(
        "y = f(y)", "f = tf.sin\n\n\ndef up(f):\n    @tf.function\n    def g(x):\n        return f(x) + f(x)\n    return g\n\n\n"
        + "f = up(f)\n" * 40
    ),
    "cond towers": around(
        "f0 = lambda: y\n" + "".join(f"f{n + 1} = lambda: tf.cond(flag(), f{n}, f{n})\n" for n in range(40)) + "y = f40()"
    ),
    "cond in a row": repeated("y = tf.cond(flag(), lambda: y * 2.0, lambda: y + y)", 200),
    "while_loop towers": around(
        "f0 = lambda x: [x * 2.0]\n"
        + "".join(f"f{n + 1} = lambda x: tf.while_loop(lambda x: True, f{n}, [x])\n" for n in range(30))
        + "y = f30(y)[0]"
    ),
    "map_fn towers": around(
        "f0 = lambda x: x * 2.0\n" + "".join(f"f{n + 1} = lambda x: tf.scan(lambda a, b: f{n}(a + b), x)\n" for n in range(30))
        + "y = f30(y)"
    ),
    "split in many": around("xs = tf.split(y, 10 ** 9)\nys = tf.unstack(y, num=10 ** 9)\na, b = tf.split(y, [1] * 10 ** 6)"),
    "gradients of gradients": around(
        "".join(f"with tf.GradientTape() as t{n}:\n    t{n}.watch(y)\n    z = y * y\ny = t{n}.gradient(z, y)\n" for n in range(200))
    ),
    "gradients of many by many": around(
        "", "".join(f"v{n} = tf.Variable(1.0)\n" for n in range(300))
    ).replace(OPEN, OPEN.replace("GradientTape()", "GradientTape(persistent=True)")).replace(
        CLOSE, "vs = [" + ", ".join(f"v{n}" for n in range(300)) + "]\n" + "print(tape.gradient(y, vs))\n" * 60
    ),
    "dictionary of 100,000 keys": HEAD + "d = {" + ", ".join(f"{n}: {n}" for n in range(100_000)) + "}\n" + OPEN + CLOSE,
    "dictionary of 20,000 computed keys": HEAD
    + "d = {" + ", ".join(f"k{n}: {n}" for n in range(20_000)) + "}\n" + OPEN + CLOSE,
    "list of 100,000 items": HEAD + "d = [" + ", ".join(str(n) for n in range(100_000)) + "]\n" + OPEN + CLOSE,
    "list of 20,000 tensors": HEAD + OPEN + "    d = [" + ", ".join(["y * 2.0"] * 20_000) + "]\n" + CLOSE,
    "dictionary filled by 20,000 stores": HEAD + "d = {}\n" + "".join(f"d[{n}] = {n}\n" for n in range(20_000)) + OPEN + CLOSE,
    "call with 20,000 keywords": HEAD + f"d = dict({', '.join(f'a{n}={n}' for n in range(20_000))})\n" + OPEN + CLOSE,
    "function of 3,000 parameters": HEAD + f"def f({', '.join(f'a{n}=None' for n in range(3000))}):\n    return a0\n\n\n"
    + OPEN + "    y = f(y) * 2.0\n" * 60 + CLOSE,
    "20,000 names": HEAD + "".join(f"a{n} = {n}\n" for n in range(20_000)) + OPEN + CLOSE,
    "20,000 functions": HEAD + "".join(f"def f{n}(tape):\n    return tape.gradient(f{n - 1}, 1)\n\n\n" for n in range(20_000)) + OPEN + CLOSE,
    "5,000 classes": HEAD + "".join(f"class C{n}:\n    def f(self, tape):\n        return tape\n\n\n" for n in range(5000)) + OPEN + CLOSE,
    "class tower of 900": HEAD + "class C0:\n    pass\n\n\n"
    + "".join(f"class C{n + 1}(C{n}):\n    def f{n}(self, tape):\n        return tape.watch(self.x)\n\n\n" for n in range(900))
    + OPEN + "    y = y * C900().missing\n" + CLOSE,
    "class of 2,000 methods": HEAD + "class C:\n    def __init__(self):\n        self.w = tf.Variable(1.0)\n\n"
    + "".join(f"    def f{n}(self, tape):\n        self.a{n} = tape.gradient(self.w, self.w)\n\n" for n in range(2000))
    + "\n" + OPEN + CLOSE,
    "2,000 star imports": HEAD + "".join(f"from m{n} import *\n" for n in range(2000)) + OPEN + "    y = y * unknown\n" * 300 + CLOSE,
    "10,000 suppressions": HEAD + OPEN + "    y = y * 2.0  # gradlint: ignore[GT201, GT202]\n" * 10_000 + CLOSE,
    "10,000 noqas": HEAD + OPEN + "    y = y * 2.0  # noqa: GT201\n" * 10_000 + CLOSE,
    "5,000 offs": HEAD + OPEN + "    # gradlint: off[GT201]\n    y = y * 2.0\n    # gradlint: on\n" * 5000 + CLOSE,
    "a line of 1,000,000": HEAD + OPEN + "    y = y * f(" + "1, " * 333_333 + ")\n" + CLOSE,
    "a comment of 1,000,000": HEAD + OPEN + "    # " + "gradlint:" * 111_111 + "\n" + CLOSE,
    "1,000,000 empty lines": HEAD + OPEN + "\n" * 1_000_000 + CLOSE,
    "semicolons": HEAD + OPEN + "    " + "; ".join(["y = y * 2.0"] * 20_000) + "\n" + CLOSE,
    "20 findings": many_findings(20),
    "400 findings": many_findings(400),
    "400 findings in one tape": findings_in_one_tape(400),
    "400 findings in one function": findings_in_one_function(400),
    "2,000 findings": many_findings(2000),
}  # fmt: skip
