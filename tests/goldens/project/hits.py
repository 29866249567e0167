"""Which steps of the golden pipelines are hits in a store that another code wrote, and that a run agrees."""

from __future__ import annotations

import sys

import shop

from zencache import Repository


def show(pipeline, name):
    plan = pipeline.plan()
    for step, each in plan.steps.items():
        print(f"{name}.{step}: {each.action} {each.key}: {each.reason}")
    run = pipeline.run(run_name=f"hits-{name}", workers=1)
    for step, done in run.steps.items():
        print(f"{name}.{step}: {done.status}: {done.reason}")


def snapshots():
    """Run steps of a script and of classes, whose code is in snapshots."""
    for name in ("prices-scripted", "classes"):
        pipeline = Repository().get_pipeline_by_name(name)
        show(pipeline, f"{name} of the repository")
        try:
            run = pipeline.run(run_name=f"{name}-anew", workers=1, enable_cache=False)
            print({step: loaded(done.output) for step, done in run.steps.items()})
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
            print(f"{type(error).__qualname__}: {error}")


def loaded(output):
    try:
        return str(output.load())[:200]
    except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
        return f"{type(error).__qualname__}: {error}"


def read():
    for name in ("prices", "prices-copy", "mixed", "kinds"):
        run = Repository().get_runs(name)[-1]
        for step, done in run.steps.items():
            for _, output in sorted(done.outputs.items()):
                print(f"{name}.{step}.{output.name}: {loaded(output)}")


def main(what):
    show(shop.prices(), "prices")
    show(shop.prices(factor=5.0), "prices-5")
    show(shop.classes_pipeline(), "classes")
    print(shop.kinds_pipeline().plan())
    if what == "all":  # what takes TFX's import
        import components

        show(shop.kinds_pipeline(), "kinds")
        show(components.mixed(), "mixed")
        snapshots()
    read()


if __name__ == "__main__":
    main(sys.argv[1])
