"""Figures of plotly come back whole, or are refused."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

go = pytest.importorskip("plotly.graph_objects")
pytest.importorskip("zencache_plotly")

from hypothesis import given, settings
from hypothesis import strategies as st
from zencache_plotly import FigureMaterializer

from zencache.errors import MaterializerError
from zencache.testing import MaterializerContract


class TestFigures(MaterializerContract):
    materializer = FigureMaterializer()
    types = [go.Figure]
    values = [
        go.Figure(go.Scatter(x=[1, 2], y=[3, 4])),
        go.Figure(go.Scatter(x=np.array([1, 2]), y=np.array([3.5, np.nan]))),
        go.Figure(go.Bar(x=["a", "b"], y=[1, 2]), layout={"title": {"text": "bars"}}),
        go.Figure(go.Scatter(x=np.array(["2024-01-01"], dtype="datetime64[ns]"), y=[1])),
        go.Figure(go.Scatter(x=[datetime.datetime(2024, 1, 1)], y=[1])),
        go.Figure(go.Scatter(y=[1]), frames=[go.Frame(data=[go.Scatter(y=[2])], name="f")]),
        go.Figure(),
    ]


def test_arrays_keep_their_dtype(tmp_path):
    """A figure's data can be computed with after loading."""
    FigureMaterializer().save(go.Figure(go.Scatter(y=np.array([1, 2], dtype="int16"))), tmp_path)
    assert FigureMaterializer().load(tmp_path).data[0].y.dtype == "int16"


def test_a_subclass_is_refused(tmp_path):
    """It would come back as a plain figure."""

    class Mine(go.Figure):
        pass

    with pytest.raises(MaterializerError, match="Return plotly"):
        FigureMaterializer().save(Mine(), tmp_path)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats() | st.integers(-5, 5) | st.text(max_size=3), max_size=4))
def test_any_data_comes_back(tmp_path_factory, items):
    """Whatever the data is, the loaded figure is equal."""
    figure = go.Figure(go.Scatter(y=items))
    folder = tmp_path_factory.mktemp("figure")
    FigureMaterializer().save(figure, folder)
    assert repr(FigureMaterializer().load(folder)) == repr(figure)
