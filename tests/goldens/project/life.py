"""The life of a golden store: first and cached runs, failures, edits, copies, deletion, gc, damage,
components."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import components
import shop
from zencache_tfx import ZencacheDagRunner

from zencache import Repository
from zencache.steps import step


@step
def doubled(values: shop.np.ndarray, factor: float = 2.0) -> shop.np.ndarray:
    return values * 2


def show(run):
    """Print what a run came to, with the keys."""
    for name, done in run.steps.items():
        print(f"= {run.name}.{name}: {done.status} {done.cache_key}: {done.reason}")


def tell(title, value):
    """Print what a call gave, by its fields: the names of private classes are free to change."""
    print(f"# {title}")
    values = value if isinstance(value, list) else [value]
    for each in values:
        fields = asdict(each)
        if isinstance(fields.get("results"), tuple):  # outputs of one step have ids in any order
            fields["results"] = sorted(
                fields["results"], key=lambda one: (one["run"], one["step"], one["output"])
            )
        print(json.dumps(fields, default=str, indent=1))


def run(pipeline, name, **options):
    print(f"# {name}")
    show(pipeline.run(run_name=name, workers=1, **options))


def fail(pipeline, name):
    print(f"# {name}")
    try:
        pipeline.run(run_name=name, workers=1)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
        print(f"= {type(error).__module__}.{type(error).__qualname__}: {error}")


def kill(name):
    print(f"# {name}")
    code = f"import shop; shop.broken().run(run_name={name!r}, workers=1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    print(done.stdout, done.returncode)


def damage(step_name, change):
    """Change the stored output of the newest run of `prices`."""
    artifact = Repository().get_pipeline_by_name("prices").runs[-1].steps[step_name].output
    change(artifact.uri)


def overwrite(uri):
    """Change a byte of each file, and leave the sizes."""
    store, path = file_system(uri)
    for file in store.find(path):
        if not file.rpartition("/")[2].startswith("."):
            store.pipe_file(file, store.cat_file(file)[:-1] + b"?")
    shutil.rmtree(Path(".zencache/cache"), ignore_errors=True)


def remove(uri):
    store, path = file_system(uri)
    store.rm(path, recursive=True)
    shutil.rmtree(Path(".zencache/cache"), ignore_errors=True)


def file_system(uri):
    import fsspec

    return fsspec.url_to_fs(uri, **({"endpoint_url": os.environ["S3"]} if uri.startswith("s3:") else {}))


def runs_and_versions():
    run(shop.prices(), "first")
    run(shop.prices(), "cached")
    run(shop.prices(factor=3.0), "other-parameters")
    run(shop.prices(), "uncached", enable_cache=False)
    fail(shop.failing(), "failed")
    fail(shop.failing(), "failed-again")
    run(shop.retried(), "retried")
    run(shop.kinds_pipeline(), "kinds")
    run(shop.kinds_pipeline(rate=0.25), "kinds-other")
    run(shop.classes_pipeline(), "classes")
    run(shop.classes_pipeline(), "classes-processes", worker_kind="processes")
    run(shop.prices(), "part", from_steps=["scale"], to_steps=["scale"])
    copied = Repository().get_pipeline_by_name("prices").copy("prices-copy")
    run(copied, "copied")
    replaced = copied.copy("prices-replaced", scale=shop.shift(by=3.0))
    run(replaced, "replaced")
    other = copied.copy("prices-doubled")
    other.replace_step("scale", doubled())
    run(other, "doubled")
    scripted = copied.copy("prices-scripted")
    scripted.replace_step("scale", doubled(factor=3.0))
    run(scripted, "scripted")
    print(*Repository().get_versions("prices")[0].spec.by_name)


def damages():
    repository = Repository()
    damage("scale", overwrite)
    print("# loaded")
    try:
        print(shop.prices().runs[-1].steps["scale"].output.load())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
        print(f"= {type(error).__module__}.{type(error).__qualname__}: {error}")
    run(shop.prices(), "remade")
    damage("total", remove)
    run(shop.prices(), "remade-missing")
    damage("scale", overwrite)
    tell("looked at", repository.verify())
    tell("verified", repository.verify(full=True))
    tell("repaired", repository.verify(full=True, repair=True))
    tell("drop", repository.drop(step="total", pipeline="prices"))
    run(shop.prices(), "dropped")
    tell("audited", repository.audit(sample=2, pipeline="prices", seed=1))


def housekeeping():
    repository = Repository()
    run(shop.prices(factor=5.0), "five")
    run(shop.prices(factor=7.0), "seven")
    repository.pin("five", "in the paper")
    tell("deleted", repository.delete_run("seven"))
    tell("deleted pipeline", repository.delete_pipeline("prices-doubled"))
    tell("collected", repository.gc(keep_last=2))
    tell("could be collected", repository.gc(older_than=timedelta(0), dry_run=True))
    tell("size", repository.cache_size())
    run(shop.prices(factor=7.0), "seven-again")
    run(shop.prices(factor=5.0), "five-again")
    repository.unpin("five")


def mixing():
    run(components.mixed(), "mixed")
    run(components.mixed(), "mixed-cached")
    run(components.mixed(count=4), "mixed-other")


def native():
    for pipeline in (components.native(), components.native("renamed"), components.native(rate=0.25)):
        show(ZencacheDagRunner().run(pipeline))


def main():
    kill("killed")
    runs_and_versions()
    damages()
    housekeeping()
    mixing()
    native()
    run(shop.prices(), "last")
    run(shop.kinds_pipeline(), "last-kinds")


if __name__ == "__main__":
    main()
