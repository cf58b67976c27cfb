"""Which TensorFlow a program is judged by: what its project asks for, what it shows, and where it ends for another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.machine.written import ProgramText
from gradlint.flow.machine.written_for import Older
from gradlint.flow.values.premises import Premise, Rests
from gradlint.knowledge import versions
from gradlint.knowledge.versions import Target

if TYPE_CHECKING:
    from gradlint.flow.facts import Cause
    from gradlint.flow.state.record import Recorder
    from gradlint.flow.state.store import Store


class Judged(ProgramText):
    """The versions of TensorFlow that what is claimed has to hold for.

    Attributes:
        target: The versions that the project asks for.
        store: Keeps what the program changes.
        flow: Of the running flow, under ``ended`` whether it has ended for the version that the program is judged by,
            and under ``older`` whether it has used what only older versions of TensorFlow 2 have.
        ended_by: Where it did.
        shown: What it used.
    """

    target: Target = Target()
    store: Store
    flow: dict[str, bool | None]
    ended_by: Premise
    shown: Older

    def judge_for(self, recorder: Recorder) -> None:
        """Begin with a flow that goes on, and let claims that do not hold for the target be kept back."""
        self.flow = {"ended": False, "older": False}
        recorder.doubt = self.doubt

    @property
    def legacy_keras(self) -> bool:
        """Whether the program may run on Keras 2: that of TensorFlow below 2.16, or one that it chooses itself."""
        return self.chooses_keras_2 or self.excluded(versions.since("keras-3")) is not None

    @property
    def ended(self) -> Premise | None:
        """Where the running flow has surely ended for the version it is judged by; None where it goes on."""
        return self.ended_by if self.flow["ended"] else None

    def excluded(self, version: str) -> Premise | None:
        """Why a version of TensorFlow, and all later ones, may not be what the program is written for.

        None where nothing says so: neither what the project asks for nor what the program uses.
        """
        asked = self.target.excludes(version)
        if asked is not None:
            return Premise(Rests.ASKED, version, str(asked))
        used = self.answered("older") if self.flow["older"] is False else (self.shown, *self.answered("older"))
        for one in used:
            if _number(one.version) <= _number(version):
                return Premise(Rests.ASKED, version, f"the program uses {one}")
        return None

    def doubt(self, cause: Cause) -> Premise | None:
        """What a cause rests on that does not hold for the version that the program is written for."""
        if self.ended is not None:
            return self.ended
        version = versions.claimed(cause.kind, cause)
        if version != versions.since("tensorflow-2"):
            return self.excluded(version)
        asked = self.target.excludes(version)
        return Premise(Rests.ASKED, version, str(asked)) if asked is not None else None

    def lacks(self, name: str, version: str, exception: str) -> None:
        """The program uses what TensorFlow has not had since a version.

        Where something catches the exception, that runs next. Else a program for TensorFlow 2 is taken as written for
        a version that has it; one that asks for newer versions only, or uses what TensorFlow 1 had, ends here.

        Args:
            name: What it uses.
            version: The first version that does not have it.
            exception: What it raises.
        """
        keras_2 = version == versions.since("keras-3") and self.chooses_keras_2
        if keras_2 or self.target.excludes(version) is not None:
            return
        self.raised(exception)
        if _number(version) > _number(versions.since("tensorflow-2")) and self.target.allows_before(version):
            self.shown = Older(name, version)
            self.store.set(self.flow, "older", True)
        else:
            self._end(str(Older(name, version)))

    def ends(self, name: str, exception: str) -> None:
        """The program uses what no TensorFlow has: where nothing catches the exception, it ends here.

        Args:
            name: What it uses.
            exception: What it raises.
        """
        self.raised(exception)
        self._end(f"`{name}`")

    def _end(self, what: str) -> None:
        """Let the running flow end, unless it is that of a module which is imported."""
        if self.stack or id(self.frame) not in self.modules_by_frame:
            self.ended_by = Premise(Rests.ENDED, what)
            self.store.set(self.flow, "ended", True)


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
