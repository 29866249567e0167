"""Models made of several parts, and what would come back otherwise than it was."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn import base
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from zencache_sklearn import EstimatorMaterializer

from zencache.errors import MaterializerError
from zencache.materializers import find
from zencache.testing import MaterializerContract

FRAME = pd.DataFrame({"city": ["a", "b", "a", "c"], "size": [1.0, 2.0, 3.0, 4.0]})
TARGET = np.array([0, 1, 0, 1])


class Notes(BaseEstimator):
    """A user's own estimator, which holds what it is given."""

    def __init__(self, **notes):
        vars(self).update(notes)


def on_frames(strength):
    columns = make_column_transformer((OneHotEncoder(), ["city"]), (StandardScaler(), ["size"]))
    return make_pipeline(columns, LogisticRegression(C=strength)).fit(FRAME, TARGET)


def saved(value, folder):
    folder.mkdir()
    EstimatorMaterializer().save(value, folder)
    return folder


class TestModelsOnFrames(MaterializerContract):
    """A pipeline that takes a frame's columns by name does so again."""

    materializer = EstimatorMaterializer()
    types = [type(on_frames(1.0))]
    values = [on_frames(1.0), on_frames(2.0)]

    def equal(self, left, right):
        return np.array_equal(left.predict_proba(FRAME), right.predict_proba(FRAME))


class TestModelsOfSparseData(MaterializerContract):
    """A model that holds a sparse matrix, which scipy stores in a zip of its own."""

    materializer = EstimatorMaterializer()
    types = [KNeighborsClassifier]
    values = [KNeighborsClassifier(n).fit(csr_matrix(np.eye(4)), TARGET) for n in (1, 2)]

    def equal(self, left, right):
        return np.array_equal(left.predict_proba(np.eye(4)), right.predict_proba(np.eye(4)))


def test_no_file_carries_a_date(tmp_path):
    """Neither the model's zip nor the zip of a sparse matrix in it says when it was made."""
    folder = saved(KNeighborsClassifier().fit(csr_matrix(np.eye(4)), TARGET), tmp_path / "model")
    with zipfile.ZipFile(folder / "model.skops") as model:
        inner = [io.BytesIO(model.read(name)) for name in model.namelist() if name.endswith(".npz")]
        dates = [member.date_time[0] for member in model.infolist()]
    dates += [member.date_time[0] for file in inner for member in zipfile.ZipFile(file).infolist()]
    assert inner
    assert set(dates) == {1980}


def test_equal_sets_are_stored_alike(tmp_path):
    """In which order a set was filled is not part of the model."""
    one, other = Notes(seen={0, 8}), Notes(seen={8, 0})
    assert list(one.seen) != list(other.seen)
    folders = [saved(value, tmp_path / name) for name, value in (("one", one), ("other", other))]
    assert len({(folder / "model.skops").read_bytes() for folder in folders}) == 1


def test_parts_that_are_one_object_stay_one(tmp_path):
    """Changing a shared array in one place changes it in the other, as before."""
    array = np.arange(3)
    loaded = EstimatorMaterializer().load(saved(Notes(left=array, right=array), tmp_path / "model"))
    assert loaded.left is loaded.right


def test_equal_parts_that_are_two_objects_stay_two(tmp_path):
    """Arrays of equal content share a file, not their memory."""
    notes = Notes(left=np.arange(3), right=np.arange(3))
    loaded = EstimatorMaterializer().load(saved(notes, tmp_path / "model"))
    assert loaded.left is not loaded.right
    assert np.array_equal(loaded.left, loaded.right)


@pytest.mark.parametrize(
    "value",
    [LogisticRegression(class_weight={True: 2.0, False: 1.0}), Notes(notes={1: "a", "1": "b"})],
    ids=["booleans", "1 and its text"],
)
def test_keys_that_skops_would_merge_are_refused(tmp_path, value):
    """skops writes keys as texts: `False` would come back as `True`."""
    with pytest.raises(MaterializerError, match="back as it is"):
        saved(value, tmp_path / "model")


def test_a_type_that_was_not_listed_is_not_loaded(tmp_path):
    """A file that names other types than when it was stored makes nothing."""
    folder = saved(Notes(), tmp_path / "model")
    (folder / "trusted.json").write_text("[]")
    with pytest.raises(MaterializerError, match="not listed"):
        EstimatorMaterializer().load(folder)


def test_a_module_that_is_gone_is_named(tmp_path):
    """The error says which type cannot be imported here."""
    folder = saved(Notes(), tmp_path / "model")
    model = folder / "model.skops"
    with zipfile.ZipFile(model) as old:
        schema = json.loads(old.read("schema.json"))
    with zipfile.ZipFile(model, "w") as new:
        new.writestr("schema.json", json.dumps({**schema, "__module__": "gone"}))
    (folder / "trusted.json").write_text('["gone.Notes"]')
    with pytest.raises(MaterializerError, match=r"cannot be imported here.*gone\.Notes"):
        EstimatorMaterializer().load(folder)


@pytest.mark.parametrize(
    "mixin", [kind for name, kind in vars(base).items() if name.endswith("Mixin") and name[0] != "_"]
)
def test_every_public_mixin_is_found(mixin):
    """A step may declare what its model does rather than what it is."""
    assert find(mixin) == find(BaseEstimator)


@pytest.mark.parametrize("kind", [CountVectorizer, TfidfVectorizer])
@pytest.mark.parametrize("words", [None, ["the"], "english"])
def test_a_text_vectorizer_is_stored_the_same_each_time(kind, words, tmp_path):
    """It holds the address of its stop words, which is another one in each process."""
    files = []
    for number in range(2):
        vectorizer = make_pipeline(kind(stop_words=words and words[:])).fit(["the cat sat", "a dog ran"])
        vars(vectorizer[0])["_stop_words_id"] = 1000 + number
        folder = tmp_path / str(number)
        folder.mkdir()
        EstimatorMaterializer().save(vectorizer, folder)
        files.append((folder / "model.skops").read_bytes())
        loaded = EstimatorMaterializer().load(folder)
        assert (loaded.transform(["a cat"]) != vectorizer.transform(["a cat"])).nnz == 0
    assert files[0] == files[1]
