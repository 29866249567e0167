"""What is found again after a refit or in another process, and what is refused."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import FunctionTransformer
from zencache_sklearn import EstimatorMaterializer
from zencache_sklearn.helpers.digits import get_digits

from zencache.errors import MaterializerError
from zencache.testing import MaterializerContract

X, _, y, _ = (part[:60] for part in get_digits())

SCRIPT = """
import pathlib, sys
from sklearn.base import BaseEstimator
from zencache_sklearn import EstimatorMaterializer

class Own(BaseEstimator):
    pass

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    EstimatorMaterializer().save(Own(), folder)
    print(type(EstimatorMaterializer().load(folder)) is Own)
"""


class TestEstimatorsWithSharedParts(MaterializerContract):
    """Estimators whose parts share empty tuples keep their digest."""

    materializer = EstimatorMaterializer()
    types = [HistGradientBoostingClassifier]
    values = [HistGradientBoostingClassifier(max_iter=n, random_state=0).fit(X, y > 4) for n in (1, 2)]

    def equal(self, left, right):
        return np.array_equal(left.predict_proba(X), right.predict_proba(X))


def test_a_set_has_one_digest_in_every_process(tmp_path):
    """The order in which a process hashes a set is not part of the model."""
    code = (
        "import pathlib, sys; from sklearn.feature_extraction.text import TfidfVectorizer as T; "
        "from zencache_sklearn import EstimatorMaterializer as M; "
        "M().save(T(stop_words=set('abcdefgh')), pathlib.Path(sys.argv[1]))"
    )
    for seed in ("1", "2"):
        (tmp_path / seed).mkdir()
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / seed)], env={"PYTHONHASHSEED": seed}, check=True
        )
    one, other = ((tmp_path / seed / "model.skops").read_bytes() for seed in ("1", "2"))
    assert one == other
    assert (
        EstimatorMaterializer().load(tmp_path / "1").stop_words
        == TfidfVectorizer(stop_words=set("abcdefgh")).stop_words
    )


def test_what_has_no_name_is_refused_when_it_is_stored(tmp_path):
    """A lambda could never be loaded, so it is not stored."""
    with pytest.raises(MaterializerError, match="top level of a module"):
        EstimatorMaterializer().save(FunctionTransformer(lambda x: x), tmp_path)


def test_a_class_of_the_script_is_found_by_another_process(tmp_path):
    """What the running script defines is stored under the script's name."""
    (tmp_path / "own_script.py").write_text(SCRIPT)
    (tmp_path / "model").mkdir()
    ran = [sys.executable, "own_script.py", "model"]
    done = subprocess.run(ran, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"]
    code = "import pathlib; from zencache_sklearn import EstimatorMaterializer as M; print(type(M().load(pathlib.Path('model'))))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "own_script.Own" in done.stdout
