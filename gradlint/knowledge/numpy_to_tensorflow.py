"""What to write in TensorFlow for a call of a NumPy function, argument by argument.

The rows hold for what gradients go through: float arrays with at least one dimension. Each stands with the arguments
that mean the same in both libraries; a call that has another one has no replacement.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Counterpart:
    """One NumPy function and what does the same in TensorFlow.

    Attributes:
        numpy: NumPy's canonical name, ``numpy.log1p``.
        function: TensorFlow's name relative to ``tf``, ``math.log1p``.
        positional: NumPy's parameters in order, as far as they can be given by position.
        parameters: TensorFlow's parameter for each of NumPy's that has the same meaning, in TensorFlow's order.
        required: The parameters of NumPy that the call has to have, since the defaults differ in meaning.
        by_keyword: The parameters of NumPy whose like stands at another place in TensorFlow.
        defaults: What TensorFlow is to be given, as source text, where the call leaves NumPy's parameter out.
        constants: What TensorFlow is always to be given besides, as source text by its own parameter.
    """

    numpy: str
    function: str
    positional: tuple[str, ...]
    parameters: Mapping[str, str]
    required: frozenset[str] = frozenset()
    by_keyword: frozenset[str] = frozenset()
    defaults: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)

    def translate(self, args: Sequence[str], kwargs: Mapping[str, str]) -> tuple[list[str], dict[str, str]] | None:
        """The arguments for TensorFlow, or None where a call cannot be translated.

        What goes by position in NumPy goes so in TensorFlow as far as both have it at the same place; all else goes
        by keyword.

        Args:
            args: The texts of the call's positional arguments; none of them is starred.
            kwargs: The texts of its keyword arguments.
        """
        if len(args) > len(self.positional) or not set(kwargs) <= set(self.parameters):
            return None
        given = dict(zip(self.positional, args, strict=False))
        if not set(given) <= set(self.parameters) or set(given) & set(kwargs):
            return None
        named = given | dict(kwargs)
        if not self.required <= set(named):
            return None
        named |= {name: text for name, text in self.defaults.items() if name not in named}
        order = list(self.parameters)
        plain: list[str] = []
        while len(plain) < len(order) and order[len(plain)] in given.keys() - self.by_keyword:
            plain.append(given[order[len(plain)]])
        by_name = {self.parameters[name]: named[name] for name in order[len(plain) :] if name in named}
        return plain, by_name | dict(self.constants)


def replacement(name: str) -> Counterpart | None:
    """What does in TensorFlow what a NumPy function does, or None where nothing does quite the same.

    Args:
        name: The function's canonical name, ``numpy.mean``.
    """
    row = _rows().get(name)
    return None if row is None else _parse(name, row)


def same_bits(name: str) -> bool:
    """Whether TensorFlow's function was measured to give the very bits that NumPy's gives.

    Args:
        name: The function's canonical name, ``numpy.sqrt``.
    """
    return measured().get(name.removeprefix("numpy.")) == "same"


@cache
def measured() -> dict[str, str]:
    """For each function that was measured, its name without ``numpy.``: ``same`` or ``differs``.

    ``rounding.tsv`` holds this, and for the second a call that shows it; ``python -m tools.rounding`` makes it anew.
    """
    lines = Path(__file__).with_name("rounding.tsv").read_text(encoding="utf-8").splitlines()
    return {name: verdict for name, verdict, *_ in (line.split("\t") for line in lines)}


def names() -> list[str]:
    """The canonical names of the NumPy functions that have a replacement."""
    return list(_rows())


_UNARY = """
abs abs
absolute abs
fabs abs
negative negative
exp exp
expm1 math.expm1
log math.log
log1p math.log1p
sqrt sqrt
square square
reciprocal math.reciprocal
sin sin
cos cos
tan tan
sinh sinh
cosh cosh
tanh tanh
arcsin asin
arccos acos
arctan atan
arcsinh asinh
arccosh acosh
arctanh atanh
asin asin
acos acos
atan atan
asinh asinh
acosh acosh
atanh atanh
sign sign
floor floor
ceil math.ceil
rint math.rint
isnan math.is_nan
isinf math.is_inf
isfinite math.is_finite
conj math.conj
conjugate math.conj
logical_not logical_not
invert bitwise.invert
bitwise_not bitwise.invert
"""
"""NumPy's function and TensorFlow's, both of one array ``x``."""

_BINARY = """
add add
subtract subtract
multiply multiply
divide divide
true_divide divide
power pow
pow pow
maximum maximum
minimum minimum
mod math.floormod
remainder math.floormod
floor_divide math.floordiv
arctan2 atan2
atan2 atan2
equal equal
not_equal not_equal
less less
less_equal less_equal
greater greater
greater_equal greater_equal
logical_and logical_and
logical_or logical_or
logical_xor math.logical_xor
bitwise_and bitwise.bitwise_and
bitwise_or bitwise.bitwise_or
bitwise_xor bitwise.bitwise_xor
left_shift bitwise.left_shift
right_shift bitwise.right_shift
nextafter math.nextafter
"""
"""NumPy's function of ``x1`` and ``x2``, and TensorFlow's of ``x`` and ``y``."""

_OTHERS = """
sum reduce_sum a=input_tensor axis=axis -dtype -out keepdims=keepdims
mean reduce_mean a=input_tensor axis=axis -dtype -out keepdims=keepdims
max reduce_max a=input_tensor axis=axis -out keepdims=keepdims
min reduce_min a=input_tensor axis=axis -out keepdims=keepdims
amax reduce_max a=input_tensor axis=axis -out keepdims=keepdims
amin reduce_min a=input_tensor axis=axis -out keepdims=keepdims
prod reduce_prod a=input_tensor axis=axis -dtype -out keepdims=keepdims
std math.reduce_std a=input_tensor axis=axis -dtype -out -ddof keepdims=keepdims
var math.reduce_variance a=input_tensor axis=axis -dtype -out -ddof keepdims=keepdims
all reduce_all a=input_tensor axis=axis -out keepdims=keepdims
any reduce_any a=input_tensor axis=axis -out keepdims=keepdims
average reduce_mean a=input_tensor axis=axis
count_nonzero math.count_nonzero a=input axis=axis
cumsum cumsum a=x axis=axis!
cumprod math.cumprod a=x axis=axis!
argmax argmax a=input axis=axis!
argmin argmin a=input axis=axis!
sort sort a=values axis=axis
argsort argsort a=values axis=axis
reshape reshape a=tensor shape=shape
ravel reshape a=tensor +shape=[-1]
transpose transpose a=a axes=perm
matrix_transpose linalg.matrix_transpose x=a
permute_dims transpose a=a axes=perm
squeeze squeeze a=input axis=axis
expand_dims expand_dims a=input axis=axis
broadcast_to broadcast_to array=input shape=shape
tile tile A=input reps=multiples
repeat repeat a=input repeats=repeats axis=axis
roll roll a=input shift=shift axis=axis!
concatenate concat arrays=values axis=axis:0
concat concat arrays=values axis=axis:0
stack stack arrays=values axis=axis
split split ary=value indices_or_sections=num_or_size_splits axis=axis
unstack unstack x=value axis=axis~
pad pad array=tensor pad_width=paddings
take gather a=params indices=indices axis=axis!~
where where condition=condition! x=x! y=y!
clip clip_by_value a=t a_min=clip_value_min a_max=clip_value_max
dot tensordot a=a b=b +axes=1
matmul matmul x1=a x2=b
inner tensordot a=a b=b +axes=[[-1],[-1]]
tensordot tensordot a=a b=b axes=axes:2
vdot tensordot a=a b=b +axes=1
cross linalg.cross a=a b=b
trace linalg.trace a=x
diagonal linalg.diag_part a=input
triu linalg.band_part m=input +num_lower=0 +num_upper=-1
tril linalg.band_part m=input +num_lower=-1 +num_upper=0
linalg.norm norm x=tensor ord=ord axis=axis keepdims=keepdims
linalg.vector_norm norm x=tensor axis=axis~
linalg.det linalg.det a=input
linalg.inv linalg.inv a=input
linalg.pinv linalg.pinv a=a rcond=rcond
linalg.solve linalg.solve a=matrix b=rhs
linalg.cholesky linalg.cholesky a=input
linalg.eigvalsh linalg.eigvalsh a=tensor
linalg.slogdet linalg.slogdet a=input
linalg.matmul matmul x1=a x2=b
linalg.matrix_transpose linalg.matrix_transpose x=a
linalg.trace linalg.trace x=x
linalg.cross linalg.cross x1=a x2=b
linalg.tensordot tensordot x1=a x2=b axes=axes:2
linalg.diagonal linalg.diag_part x=input
linalg.matrix_rank linalg.matrix_rank A=a tol=tol
zeros zeros shape=shape dtype=dtype
ones ones shape=shape dtype=dtype
full fill shape=dims fill_value=value
eye eye N=num_rows M=num_columns -k dtype=dtype~
identity eye n=num_rows dtype=dtype~
zeros_like zeros_like a=input dtype=dtype
ones_like ones_like a=input dtype=dtype
linspace linspace start=start stop=stop num=num!
copy identity a=input
array convert_to_tensor object=value dtype=dtype
asarray convert_to_tensor a=value dtype=dtype
asanyarray convert_to_tensor a=value dtype=dtype
ascontiguousarray convert_to_tensor a=value dtype=dtype
astype cast x=x dtype=dtype
real math.real val=input
imag math.imag val=input
searchsorted searchsorted a=sorted_sequence v=values side=side
flip reverse m=tensor axis=axis!
moveaxis experimental.numpy.moveaxis a=a source=source destination=destination
swapaxes experimental.numpy.swapaxes a=a axis1=axis1 axis2=axis2
hstack experimental.numpy.hstack tup=tup
vstack experimental.numpy.vstack tup=tup
dstack experimental.numpy.dstack tup=tup
append experimental.numpy.append arr=arr values=values axis=axis
outer experimental.numpy.outer a=a b=b
kron experimental.numpy.kron a=a b=b
logaddexp experimental.numpy.logaddexp x1=x1 x2=x2
logaddexp2 experimental.numpy.logaddexp2 x1=x1 x2=x2
hypot experimental.numpy.hypot x1=x1 x2=x2
float_power experimental.numpy.float_power x1=x1 x2=x2
log2 experimental.numpy.log2 x=x
log10 experimental.numpy.log10 x=x
exp2 experimental.numpy.exp2 x=x
cbrt experimental.numpy.cbrt x=x
sinc experimental.numpy.sinc x=x
deg2rad experimental.numpy.deg2rad x=x
rad2deg experimental.numpy.rad2deg x=x
degrees experimental.numpy.rad2deg x=x
radians experimental.numpy.deg2rad x=x
median keras.ops.median a=x axis=axis
quantile keras.ops.quantile a=x q=q axis=axis
diff experimental.numpy.diff a=a n=n axis=axis
ptp experimental.numpy.ptp a=a axis=axis
nanmean experimental.numpy.nanmean a=a axis=axis
nansum experimental.numpy.nansum a=a axis=axis
vander experimental.numpy.vander x=x N=N increasing=increasing
fliplr experimental.numpy.fliplr m=m
flipud experimental.numpy.flipud m=m
rot90 experimental.numpy.rot90 m=m k=k axes=axes
take_along_axis experimental.numpy.take_along_axis arr=arr indices=indices axis=axis!
heaviside experimental.numpy.heaviside x1=x1 x2=x2
polyval experimental.numpy.polyval p=p x=x
diag experimental.numpy.diag v=v k=k
diagflat experimental.numpy.diagflat v=v k=k
nan_to_num keras.ops.nan_to_num x=x
"""
"""NumPy's function, TensorFlow's, and NumPy's parameters in order as ``numpy=tensorflow``.

``!`` ends one that the call must have, ``~`` one that goes to TensorFlow by keyword, ``:0`` gives the default that
TensorFlow needs, ``-dtype`` holds the place of one that TensorFlow does not have, and ``+axis=0`` is what TensorFlow is
given besides.
"""

_BINARY_NAMES = {"atan2": ("y", "x"), "math.nextafter": ("x1", "x2")}
"""What TensorFlow calls the parameters where it is not ``x`` and ``y``."""


@cache
def _rows() -> dict[str, str]:
    """The rows by NumPy's canonical name, in one form."""
    rows = {}
    for line in _UNARY.split("\n")[1:-1]:
        rows["numpy." + line.partition(" ")[0]] = f"{line} x=x"
    for line in _BINARY.split("\n")[1:-1]:
        first, second = _BINARY_NAMES.get(line.rpartition(" ")[2], ("x", "y"))
        rows["numpy." + line.partition(" ")[0]] = f"{line} x1={first} x2={second}"
    for line in _OTHERS.split("\n")[1:-1]:
        rows["numpy." + line.partition(" ")[0]] = line
    return rows


@cache
def _parse(name: str, row: str) -> Counterpart:
    """Take a row apart."""
    _, function, *words = row.split(" ")
    positional: list[str] = []
    parameters: dict[str, str] = {}
    required: set[str] = set()
    by_keyword: set[str] = set()
    defaults: dict[str, str] = {}
    constants: dict[str, str] = {}
    for word in words:
        left, _, right = word.partition("=")
        if left.startswith("+"):
            constants[left[1:]] = right
            continue
        positional.append(left.removeprefix("-"))
        if left.startswith("-"):
            continue
        right, _, default = right.partition(":")
        parameters[left] = right.rstrip("!~")
        if "!" in right:
            required.add(left)
        if "~" in right:
            by_keyword.add(left)
        if default:
            defaults[left] = default
    return Counterpart(
        name, function, tuple(positional), parameters, frozenset(required), frozenset(by_keyword), defaults, constants
    )
