"""Doctests are looked for where importing is cheap."""  # noqa: INP001 - a folder of pytest, no package

collect_ignore = [
    f"zencache_tfx/classic/{name}.py"
    for name in ("beam_fit", "example_gen", "graph", "trainer_module", "training", "transform_module")
]
