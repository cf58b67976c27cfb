"""The whole machine: an abstract interpreter that runs a program from its top."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gradlint.flow.libraries.keras import objects as keras
from gradlint.flow.libraries.keras import optimizers as updates
from gradlint.flow.machine import (
    attributes,
    branches,
    callbacks,
    callers,
    calls,
    contexts,
    definitions,
    deletions,
    dispatch,
    entering,
    expressions,
    imports,
    iterations,
    statements,
    yields,
)
from gradlint.flow.machine.core import Core, RaisedError
from gradlint.flow.tapes import untracked, usage
from gradlint.flow.values.premises import Premise, Rests
from gradlint.flow.values.program import Bound, Function, Generator

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from gradlint.flow.state.record import Recorder
    from gradlint.flow.values.modules import Finder
    from gradlint.flow.values.values import Unknown, Value

REGISTERED = (deletions, yields)
"""The modules that only register what runs a sort of statement or expression when they are imported."""
STEPS_OF_FIT = frozenset({"train_step", "test_step", "predict_step"})
"""The methods that Keras calls with a batch of data."""


class Machine(Core):
    """Runs a program and notes what its gradient calls get.

    Args:
        code: The program.
        recorder: What notes the claims.
        finder: Finds the modules of the project that the program belongs to; where None, imports are unknown.
        everything: Whether to enter also the functions that no tape can have to do with.
    """

    # What the parts provide, and may ask of one another.
    attribute = attributes.attribute
    class_attribute = attributes.class_attribute
    set_attribute = attributes.set_attribute
    eval = expressions.evaluate
    iterate = expressions.iterate
    truth = expressions.truth
    keys = expressions.keys
    call = calls.call
    inside = calls.inside
    foreign_call = calls.foreign_call
    fork = branches.fork
    comprehend = iterations.comprehend
    comprehension_function = iterations.comprehension_function
    unseen = contexts.unseen
    custom_gradient = definitions.custom_gradient
    block = statements.block
    imported = imports.imported
    used = imports.used
    module_of = imports.module_of
    member = imports.member
    starred = imports.starred
    set_member = imports.set_member
    let_change = imports.let_change
    library_call = dispatch.library_call
    consumed = dispatch.consumed
    callee = dispatch.callee
    method_call = dispatch.method_call
    object_call = dispatch.object_call
    leaves_array = dispatch.leaves_array
    augment_variable = dispatch.augment_variable

    def __init__(
        self, code: str, recorder: Recorder, *, finder: Finder | None = None, everything: bool = False
    ) -> None:
        super().__init__(code, recorder)
        self.finder = finder
        self.everything = everything

    def applied(self, pairs: Value, node: ast.AST) -> None:
        """An optimizer applies gradients."""
        updates.applied(self, pairs, node)

    def differentiated_again(self, node: ast.AST) -> bool:
        """Whether a gradient call ran inside another tape's block, which may go on from its result."""
        return id(node) in self.inside_other_tapes

    # -- the program -----------------------------------------------------------------------------------------------

    def run(self, tree: ast.Module) -> None:
        """Run a program: its module from the top, then what nothing called."""
        self.begin(tree)
        self.finish()

    def begin(self, tree: ast.Module) -> None:
        """Run a program's module from the top, and what calls its functions in other modules."""
        self.tree = tree
        for statement in tree.body:
            try:
                self.block([statement])
            except RaisedError:
                continue
        if self.finder is not None:
            callers.judge(self)
        self.alone = True

    def finish(self) -> None:
        """Enter what nothing called, and judge what only shows when the program has ended."""
        entering.enter_the_rest(self)
        usage.judge(self)
        untracked.judge(self)

    def foreign(self, why: str, node: ast.AST | None, given: Iterable[Value]) -> Unknown:
        """What code of others gives back; what it was given the name of with its owner, it may have replaced."""
        values = list(given)
        for where, key in callbacks.named(values):
            self.set(where, key, self.opened(Premise(Rests.REPLACED, key), node))
        return super().foreign(why, node, values)

    def escape(self, value: Value) -> None:
        """Note that code of others has seen a value, and may have called it."""
        is_new = id(value) not in self.escaped_by_id
        super().escape(value)
        keras.forget(self, value)
        if is_new and isinstance(value, Function | Bound | Generator):
            self.looked_at.add(id(getattr(value, "node", None)))
            for where, key in callbacks.places(value, partial(entering.written_by, self)):
                self.callbacks[id(where), key] = where, key
