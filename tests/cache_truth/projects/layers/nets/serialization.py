import json

from nets import layers
from nets.models import Sequential


def serialize(layer):
    return {"class_name": layer.registered_name, "config": layer.get_config()}


def deserialize(text):
    description = json.loads(text)
    made = []
    for entry in description["layers"]:
        cls = layers.LAYERS[entry["class_name"]]
        made.append(cls.from_config(entry["config"]))
    return Sequential(made, name=description["name"])
