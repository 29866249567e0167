"""Import paths of older releases, and what is said of those that are not here."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys

import pytest

from zencache.compat.missing_names import ADVICE, no_import
from zencache.compat.paths import MODULES, NAMES
from zencache.errors import NoSuchImportError


@pytest.mark.parametrize(
    ("module", "name"), [(m, n) for m, names in MODULES.items() for n in names if n != "*"]
)
def test_every_old_path_gives_its_name(module, name):
    """The table holds what it says."""
    assert getattr(importlib.import_module(module), name) is not None


@pytest.mark.parametrize(("package", "name"), [(p, n) for p, names in NAMES.items() for n in names])
def test_every_package_gives_the_names_that_it_had(package, name):
    """What a package says that it had, and where `compat` defines it, agree."""
    assert getattr(importlib.import_module(package), name) is not None


@pytest.mark.parametrize(
    ("old", "own"),
    [
        ("zencache.graph.specs", "zencache.model.specs"),
        ("zencache.graph.context", "zencache.model.step_context"),
    ],
)
def test_a_snapshot_of_an_earlier_release_finds_its_classes(old, own):
    """Pickled steps name classes of `zencache.graph` by its modules, as that package was called."""
    name = {"zencache.graph.specs": "Attempts", "zencache.graph.context": "StepContext"}[old]
    assert pickle.loads(f"c{old}\n{name}\n.".encode()) is getattr(importlib.import_module(own), name)


@pytest.mark.parametrize(
    "line",
    [
        "from zencache.artifacts import *; ModelArtifact",
        "from zencache.steps import BaseStep, BaseParameters, BaseStepConfig, Output, StepContext, step, "
        "clone_step",
        "from zencache.pipelines import BasePipeline, pipeline, Schedule",
        "from zencache.materializers import BaseMaterializer",
        "from zencache.materializers.base_materializer import BaseMaterializer",
        "from zencache.post_execution import get_pipeline, get_pipelines, get_run",
        "from zencache.core.repo import Repository",
        "from zencache.core.repo.repo import Repository",
        "from zencache.config import DockerSettings, ResourceSettings",
        "from zencache.integrations.constants import SKLEARN; assert SKLEARN == 'sklearn'",
        "from zencache.io import fileio; assert fileio.exists('.')",
        "from zencache.compat.alias import install",
        "from zencache.hooks import alerter_failure_hook, alerter_success_hook; alerter_success_hook()",
        "from zencache.exceptions import StepInterfaceError, MissingStepParameterError, PipelineInterfaceError, "
        "StepContextError, MaterializerInterfaceError, DuplicateRunNameError, ArtifactInterfaceError",
        "from zencache.stores.manifests import Manifest, MANIFEST",
        "from zencache.stores.artifacts import ArtifactStore",
        "import zencache.enums; assert str(zencache.enums.ExecutionStatus.COMPLETED) == 'completed'",
    ],
)
def test_old_imports_work(line):
    """As the guides of that time write them."""
    exec(line, {})


@pytest.mark.parametrize(
    ("old", "name", "home"),
    [
        ("zencache.steps.base_step", "BaseStep", "zencache.steps"),
        ("zencache.steps.step_context", "StepContext", "zencache"),
        ("zencache.core.repo", "Repository", "zencache.repo"),
    ],
)
def test_one_class_under_several_paths(old, name, home):
    """It is the same wherever it is imported from."""
    assert getattr(importlib.import_module(old), name) is getattr(importlib.import_module(home), name)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("from zencache.steps import BaseStp", "zencache.steps has no BaseStp; did you mean BaseStep?"),
        ("from zencache.stack import Stack", "zencache has no stack; there are no stacks here"),
        (
            "from zencache import get_step_context",
            "zencache has no get_step_context; give the step an argument",
        ),
        ("import zencache.repos", "zencache has no repos; did you mean repo?"),
        ("import zencache.xyzzy.more", "zencache has no xyzzy; it has BaseParameters"),
        (
            "from zencache.integrations.mlflow.steps import x",
            "integrations has no mlflow; start the tracker in the step",
        ),
        ("from zencache.client import Clientt", "zencache.client has no Clientt; did you mean Client?"),
        ("from zencache.config.global_config import x", "zencache.config has no global_config; "),
        (
            "from zencache.integrations.sklearn.materializers.sklearn_materializer import "
            "SklearnMaterializer",
            "zencache.integrations.sklearn has no materializers; a value is stored by its type, so leave it "
            "out",
        ),
        ("import zencache.integrations.sklearn.helper", "has no helper; did you mean helpers?"),
        (
            "from zencache.materializers import NumpyMaterializer",
            "has no NumpyMaterializer; a value is stored by its",
        ),
        (
            "from zencache.materializers import Materialiser",
            "has no Materialiser; did you mean Materializer?",
        ),
    ],
)
def test_what_is_not_here_names_the_nearest_thing(line, said):
    """It is an ImportError, as an import raises."""
    with pytest.raises(NoSuchImportError) as caught:
        exec(line, {})
    assert said in str(caught.value)
    assert isinstance(caught.value, ImportError)


def test_an_attribute_of_a_package_is_an_attribute_error():
    """`hasattr` goes on working."""
    import zencache
    import zencache.steps

    assert not hasattr(zencache, "nothing")
    assert not hasattr(zencache.steps, "nothing")


def test_every_advice_is_a_sentence_that_an_error_can_end_with():
    """It says what is here, not only what is not."""
    for name, advice in ADVICE.items():
        assert str(no_import(f"zencache.{name}", [])).endswith(f"has no {name}; {advice}")


def test_importing_steps_loads_none_of_it():
    """Who needs none of the older names pays for none of them."""
    code = "import sys, zencache.steps, zencache.pipelines; print([m for m in sys.modules if m.startswith('zencache.compat') or m == 'yaml'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
