"""GT109 no-variables-yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import called, dotted, single_target
from gradlint.nodes.walking import walk
from gradlint.rule import After, Before, Message, Remove, Replace, Rule, cst, expression, safe, statement, unsafe

from .._wording import call, source

if TYPE_CHECKING:
    from gradlint.flow.causes import NoVariables
    from gradlint.flow.facts import Claim
    from gradlint.rule import Change, Proposal, Site

    Statement = cst.BaseSmallStatement | cst.BaseCompoundStatement


class NoVariablesYet(Rule):
    """The list of variables is empty: the model is not built yet, is entirely frozen, or has no weights.

    ## What it does
    Reports `trainable_variables` that are empty where they are read: those of a model or layer that is not built yet,
    that is entirely frozen, or whose layers have no weights (`Flatten`, pooling, activations), or those of a TensorFlow
    Probability distribution that was made from Tensors. A list comprehension that chooses weights by a `name` that none
    has is reported too: in Keras 3 it is `kernel` or `bias`, and the layer's name is part of the `path` only.

    ## Why the gradient is lost
    A Keras model creates its variables at the first call (or in `build`). A list taken before that is empty and stays
    empty: `tape.gradient` silently gives an empty list, and `apply_gradients` on it raises ValueError.
    `trainable=False` on the model empties the list too.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Read `model.trainable_variables` after the first call of the model, preferably in the gradient call itself. Unfreeze
    the layers that should learn.

    ## References
    - Introduction to gradients and automatic differentiation, *Gradients with respect to a model*: https://www.tensorflow.org/guide/autodiff#gradients_with_respect_to_a_model
    - The Sequential model: https://www.tensorflow.org/guide/keras/sequential_model
    """

    code = "GT109"
    name = "no-variables-yet"
    kinds = (Kind.NO_VARIABLES,)

    def message(self, claim: Claim[NoVariables]) -> Message:
        """Names the list and says why it is empty."""
        listed = source(claim, "This list of variables")
        reason, cure = {
            "frozen": ("every layer is frozen", "unfreeze what should learn"),
            "none": ("nothing in it has variables", "make its weights Variables"),
            "named": ("no weight of Keras 3 has that name", "choose the weights by their `path`, or by layer"),
            "computed": ("the object itself keeps no Variable", "ask for the Variables themselves"),
        }.get(claim.cause.why, ("the model is not built yet", "read it after the first call"))
        return Message(f"{listed} is empty, since {reason}", f"{call(claim)} gives an empty list", cure)

    def fix(self, claim: Claim[NoVariables], site: Site) -> Proposal | None:
        """The variables read where they are needed, after the model is built: safe, as the list is empty before.

        A model that is frozen as a whole is not frozen any more: unsafe, since it may be meant to be.
        """
        if claim.cause.why in {"computed", "named", "none"}:
            return None
        trained = _trained(site) if claim.cause.why == "frozen" else None
        if trained is not None or claim.asked is None:
            return trained
        asked, name = site.at(claim.asked.span), dotted(site.at(claim.asked.source_span))
        if not isinstance(asked, cst.Call) or name is None:
            return None
        if claim.cause.why == "frozen":
            return _unfrozen(site, asked, name)
        found = site.definition(name, asked)
        if found is None:
            return _read_again(site, asked, name)
        if not isinstance(found[1], cst.Attribute) or dotted(found[1]) is None:
            return None
        late = [one for one in site.uses_here(name, asked) if not site.program.line(one) < site.program.line(asked)]
        return _replaced(site, name, late, found[1], found[0])


def _replaced(
    site: Site, name: str, uses: list[cst.BaseExpression], value: cst.BaseExpression, made: Statement
) -> Proposal:
    """Uses of a list replaced by what it was read from; the statement that read it goes where nothing else needs it."""
    changes: list[Change] = [Replace(one, value) for one in uses]
    single = isinstance(made, cst.AnnAssign) or not isinstance(single_target(made), (cst.Tuple, type(None)))
    if single and len(uses) == len(site.uses(name)):
        changes.append(Remove(made))
    return safe("Read the variables after the model is built", *changes)


def _read_again(site: Site, asked: cst.Call, name: str) -> Proposal | None:
    """An attribute that keeps the variables of a model, which another attribute keeps, as the model's own."""
    found = site.attribute_definition(name, asked)
    made = None if found is None else dotted(found[1])
    holder = site.program.enclosing(asked, cst.ClassDef)
    if found is None or made is None or holder is None:
        return None
    owner, _, rest = made.partition(".")
    kept = [
        target
        for one in site.suite(found[0])
        if isinstance(one, cst.Assign) and (target := single_target(one)) and dotted(one.value) == owner
    ]
    model = made if owner == "self" else f"{dotted(kept[0])}.{rest}" if len(kept) == 1 else ""
    if not model.startswith("self.") or rest.count(".") + (owner == "self") > 1:
        return None
    uses = site.uses(name)
    if any(not site.is_inside(one, holder) for one in uses):
        return None
    changes: list[Change] = [Replace(one, expression(model)) for one in uses]
    elsewhere = site.reads_attribute_elsewhere(name.rpartition(".")[2], uses)
    if not elsewhere and single_target(found[0]) is not None:
        changes.append(Remove(found[0]))
    return safe("Read the variables after the model is built", *changes)


TRAINING = frozenset({"fit", "train_on_batch"})


def _trained(site: Site) -> Proposal | None:
    """``model.trainable`` set just before the statements that train a frozen model, and taken back behind them.

    None where something else is trained between them.
    """
    node, made = site.node, site.statement
    if not isinstance(node, cst.Call) or called(node) not in TRAINING or made is None:
        return None
    model = (dotted(node.func) or "").rpartition(".")[0]
    suite = site.suite(made)
    trained = [
        {dotted(one.func) for one in walk(part) if isinstance(one, cst.Call) and called(one) in TRAINING}
        for part in suite
    ]
    places = [at for at, names in enumerate(trained) if dotted(node.func) in names]
    if not model or not places or any(names - {dotted(node.func)} for names in trained[places[0] : places[-1] + 1]):
        return None
    return unsafe(
        "Let it learn while it is trained",
        Before(suite[places[0]], [statement("{m}.trainable = True", m=model)]),
        After(suite[places[-1]], [statement("{m}.trainable = False", m=model)]),
    )


def _unfrozen(site: Site, asked: cst.Call, name: str) -> Proposal | None:
    """``model.trainable = False`` taken out where it alone freezes what is asked for."""
    model = name.rpartition(".")[0]
    found = site.bindings(f"{model}.trainable", asked)
    if not model or len(found) != 1 or dotted(found[0][1]) != "False" or single_target(found[0][0]) is None:
        return None
    return unsafe("Let the model learn", Remove(found[0][0]))
