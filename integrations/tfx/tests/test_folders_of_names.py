"""Names of TFX's own that become folders."""

from __future__ import annotations

import pytest

from zencache.errors import DefinitionError, MaterializerError

pytestmark = pytest.mark.tfx


@pytest.mark.parametrize("name", ["../Numbers", "/Numbers", "a/b", "..", "x\x1b[31m", "x\n"])
def test_a_component_whose_id_leads_elsewhere_is_refused(flow, name):
    """TFX writes artifacts in a folder of the component's id."""
    from zencache_tfx import adopt

    with pytest.raises(DefinitionError, match="cannot be the name of a step"):
        adopt(flow.module.create(more=lambda numbers, train: [flow.module.Numbers(n=3).with_id(name)]))


@pytest.mark.parametrize("split", ["../x", "a/b", "", "x\0"])
def test_a_split_that_leads_elsewhere_is_refused(tmp_path, split):
    """Each split is stored as a folder of its own."""
    from zencache_tfx.values import Examples, ExamplesMaterializer

    with pytest.raises(MaterializerError, match="cannot be the name of a split"):
        ExamplesMaterializer().save(Examples.of({split: [{"x": 1}]}), tmp_path)
    assert list(tmp_path.iterdir()) == []
