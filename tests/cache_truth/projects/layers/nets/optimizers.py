class SGD:
    def __init__(self, rate=0.1, momentum=0.3):
        self.rate, self.momentum = rate, momentum
        self.speeds = {}

    def apply(self, layers):
        for layer in layers:
            if not layer.trainable:
                continue
            for number, (weight, gradient) in enumerate(zip(layer.weights, layer.gradients)):
                key = (layer.name, number)
                self.speeds[key] = self.momentum * self.speeds.get(key, 0.0) - self.rate * gradient
                layer.weights[number] = weight + self.speeds[key]


class Sign(SGD):
    def apply(self, layers):
        for layer in layers:
            layer.gradients = [(g > 0) * 1.0 - (g < 0) * 1.0 for g in layer.gradients]
        super().apply(layers)


BY_NAME = {"sgd": SGD, "sign": Sign}


def get(config):
    options = dict(config)
    return BY_NAME[options.pop("name")](**options)
