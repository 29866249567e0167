"""Writes sentences about inputs that a step's key cannot include, each with the line to write."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zencache.tracking.audit_events import Recorder

_MOST = 3  # names that a sentence lists
_SEED = {
    "random": "`rng = random.Random(seed)`, or begin the step with `random.seed(seed)`",
    "numpy.random": "`rng = np.random.default_rng(seed)`, or begin the step with `np.random.seed(seed)`",
}


def notes(recorder: Recorder) -> tuple[str, ...]:
    """Write the sentences about what a step reached out to."""
    step, sentences = recorder.step, []
    if recorder.environment:
        names = list(recorder.environment)
        sentences.append(
            f"step {step} reads the environment ({_some(names)}), and its result is reused while that stays "
            f"as it is; to have it in the key, write `@step(cache=CachePolicy(env={names}))` or make it "
            "a parameter"
        )
    if recorder.whole_environment:
        sentences.append(
            f"step {step} reads all environment variables, and its result is reused while they stay as they "
            'are; read the ones that matter, each by its name: `os.environ["NAME"]`'
        )
    if recorder.hosts:
        sentences.append(
            f"step {step} uses the network ({_some(recorder.hosts)}): what it fetches is not in its key; "
            f"write `@step(cache=CachePolicy(expires_after=timedelta(days=1)))` or "
            "`@step(enable_cache=False)`"
        )
    if recorder.programs:
        sentences.append(
            f"step {step} starts another process ({_some(recorder.programs)}), and what that reads is not "
            'seen; name its files: `@step(cache=CachePolicy(files=["data/*.csv"]))`'
        )
    if recorder.not_kept:
        sentences.append(
            f"step {step} may use what other steps read and keep in memory, and of which not all was noted "
            f'({_some(recorder.not_kept)}); name the files: `@step(cache=CachePolicy(files=["data/*.csv"]))`'
        )
    return tuple(sentences)


def unknown_reads(step: str, error: str) -> str:
    """Write the sentence about a step whose reads could not be told."""
    return (
        f"what step {step} read could not be told ({error}), so its result is not reused; the step itself is "
        "right; to have it reused, write `@step(cache=CachePolicy(watch=False))` and name its files"
    )


def randomness(step: str, module: str, *, by_library: bool) -> str:
    """Write the sentence about draws from a global generator that was not seeded."""
    if by_library:
        return (
            f"a library that step {step} uses draws from the global generator of `{module}`, which is not "
            "seeded; where that bears on the result, give the library a seed (`random_state=0`)"
        )
    return (
        f"step {step} draws from the global generator of `{module}` without seeding it, "
        f"so a reused result stands for one draw; take `seed: int` as a parameter and write {_SEED[module]}"
    )


def left_settings(step: str, labels: Iterable[str]) -> tuple[str, ...]:
    """Write the sentence about settings of libraries that another step of the process made."""
    listed = _some(labels)
    sentence = (
        f"step {step} runs with settings that an earlier step left ({listed}), on which its reuse does not "
        "depend; make them where the module is imported, or in the step itself"
    )
    return (sentence,) if listed else ()


def left_values(step: str, names: Iterable[str]) -> str:
    """Write the sentence about values of the project that an earlier step of the process changed."""
    return (
        f"step {step} uses what an earlier step changed in memory ({_some(names)}), on which its reuse does "
        "not depend; pass it from step to step as an output, or set it where the module is imported"
    )


def fresh_generators(step: str, names: Iterable[str]) -> tuple[str, ...]:
    """Write the sentence about generators that the step's code makes without a seed."""
    listed = _some(names)
    sentence = (
        f"step {step} draws what differs from run to run ({listed}), so a reused result stands for one draw; "
        "give a seed, from a parameter (`seed: int`)"
    )
    return (sentence,) if listed else ()


_WRITES = " writes files besides its outputs ("


def writes(step: str, names: Iterable[str]) -> str:
    """Write the sentence about files that count as a step's outputs.

    >>> writes("prep", ["data.csv"]).partition(":")[0]
    'step prep writes files besides its outputs (data.csv)'
    """
    return (
        f"step {step}{_WRITES}{_some(names)}): they count as outputs, and it runs again when one is not "
        "as it left it; to have their content kept with its result, return them (`-> Path`)"
    )


def subject(note: str) -> str:
    """Give what tells a note from others that are shown: names of written files may differ each time.

    >>> subject(writes("prep", ["1.csv"])) == subject(writes("prep", ["2.csv"]))
    True
    """
    head, mark, _ = note.partition(_WRITES)
    return f"{head}{mark}" if mark else note


def channel(step: str, writer: str, name: str) -> str:
    """Write the sentence about a step that reads what an earlier one wrote, and takes no result from it."""
    return (
        f"step {step} reads {name}, which step {writer} writes, and takes no result from it: from now on it "
        f"runs after {writer}; to have that in the pipeline, return the file (`-> Path`) and pass it on"
    )


def shared_writes(step: str, names: Iterable[str]) -> str:
    """Write the sentence about files that several steps of a run write."""
    return (
        f"step {step} writes {_some(names)}, as other steps of its run do: that is not compared before its "
        "result is reused"
    )


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:_MOST]) + (", …" if len(listed) > _MOST else "")
