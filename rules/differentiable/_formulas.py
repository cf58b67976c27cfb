"""Operations without a gradient, written with some that have one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.nodes.make import without_argument
from gradlint.nodes.reading import calls_anything, dotted, keywords, only, positional, string_value
from gradlint.rule import Replace, cst, expression, unsafe

from ._surrogates import named, shuffled

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.rule import Proposal, Site

    Maker = Callable[[Site, cst.Call], Proposal | None]


def formula(site: Site, node: cst.Call, canonical: str) -> Proposal | None:
    """What computes the same as a function, or nearly so, and has a gradient; None where nothing plainly does."""
    maker = _MAKERS.get(canonical.rpartition(".")[2]) if site.canonical(node.func) is not None else None
    return None if maker is None else maker(site, node)


def _filtered(_site: Site, node: cst.Call) -> Proposal | None:
    """A filter that has a gradient in the place of the mean over an area."""
    method = keywords(node).get("method")
    if isinstance(method, cst.SimpleString) and string_value(method) == "area":
        filtered = cst.SimpleString(f"{method.quote}bilinear{method.quote}")
        return unsafe("Resize with a filter", Replace(method, filtered))
    if isinstance(method, cst.Attribute) and (dotted(method) or "").endswith("ResizeMethod.AREA"):
        return unsafe("Resize with a filter", Replace(method, method.with_changes(attr=cst.Name("BILINEAR"))))
    return None


def _contrast(site: Site, node: cst.Call) -> Proposal | None:
    """An image moved away from its mean."""
    return _moved_from(site, node, "reduce_mean", "{f}({x}, axis=[-3, -2], keepdims=True)")


def _saturation(site: Site, node: cst.Call) -> Proposal | None:
    """An image moved away from its grey."""
    return _moved_from(site, node, "image.rgb_to_grayscale", "{f}({x})")


def _moved_from(site: Site, node: cst.Call, function: str, template: str) -> Proposal | None:
    given, spelled = only(node, 2), site.tensorflow(function, node)
    if given is None or spelled is None or "\n" in site.text(given[1]):
        return None
    image, factor = given
    before = None if dotted(image) is not None else named(site, node, image)
    if before is not None:
        image = before[1]
    if dotted(image) is None:
        return None
    centre = expression(template, f=spelled, x=image)
    written = expression("{f} * {image} + (1.0 - {f}) * {centre}", f=factor, image=image, centre=centre)
    return unsafe("Write its formula", *([] if before is None else [before[0]]), Replace(node, written))


def _remainder(site: Site, node: cst.Call) -> Proposal | None:
    """``x - y * tf.stop_gradient(tf.truncatediv(x, y))`` for ``tf.truncatemod(x, y)``: the slope between the steps."""
    given, stop = only(node, 2), site.tensorflow("stop_gradient", node)
    divide = site.tensorflow("truncatediv", node)
    if given is None or stop is None or divide is None or calls_anything(*given):
        return None
    x, y = given
    new = expression("{x} - {y} * {stop}({div}({x}, {y}))", x=x, y=y, stop=stop, div=divide)
    return unsafe("Write its formula", Replace(node, new))


def _counted(site: Site, node: cst.Call) -> Proposal | None:
    """The sum of a segment's weights for ``tf.math.bincount`` with weights."""
    given, named = positional(node) or [], keywords(node)
    summed, largest = (site.tensorflow(one, node) for one in ("math.unsorted_segment_sum", "reduce_max"))
    weights, size = named.get("weights"), named.get("minlength")
    if len(given) != 1 or weights is None or summed is None or largest is None or calls_anything(*given):
        return None
    if named.keys() - {"weights", "minlength", "maxlength"} or ("maxlength" in named) != (size is not None):
        return None
    if size is not None and not site.same(size, named["maxlength"]):
        return None
    count = size or expression("{f}({v}) + 1", f=largest, v=given[0])
    new = expression("{f}({w}, {v}, {n})", f=summed, w=weights, v=given[0], n=count)
    return unsafe("Sum the weights of each segment", Replace(node, new))


def _without(name: str, title: str) -> Maker:
    """What drops an option."""

    def dropped(_site: Site, node: cst.Call) -> Proposal | None:
        gone = next((one for one in node.args if one.keyword is not None and one.keyword.value == name), None)
        return None if gone is None else unsafe(title, Replace(node, without_argument(node, gone)))

    return dropped


_MAKERS: dict[str, Maker] = {
    "adjust_contrast": _contrast,
    "adjust_saturation": _saturation,
    "bincount": _counted,
    "lstsq": _without("fast", "Solve it the fast way, which has a gradient"),
    "qr": _without("full_matrices", "Take the reduced factors, which have a gradient"),
    "resize": _filtered,
    "shuffle": shuffled,
    "stateless_shuffle": shuffled,
    "svd": _without("full_matrices", "Take the reduced factors, which have a gradient"),
    "truncatemod": _remainder,
}
