import numpy as np


class Optimizer:
    def __init__(self, parameters, lr):
        self.parameters = list(parameters)
        self.lr = lr
        self.state = {}

    def zero_grad(self):
        for parameter in self.parameters:
            parameter.grad = None

    def step(self):
        for number, parameter in enumerate(self.parameters):
            if parameter.grad is not None:
                parameter.data = parameter.data - self.lr * self.direction(number, parameter)

    def direction(self, number, parameter):
        return parameter.grad


class SGD(Optimizer):
    def __init__(self, parameters, lr=0.1, momentum=0.0, weight_decay=0.001):
        super().__init__(parameters, lr)
        self.momentum = momentum
        self.weight_decay = weight_decay

    def direction(self, number, parameter):
        gradient = super().direction(number, parameter) + self.weight_decay * parameter.data
        before = self.state.get(number, np.zeros_like(gradient))
        self.state[number] = self.momentum * before + gradient
        return self.state[number]


class StepLR:
    def __init__(self, optimizer, size, gamma=0.5):
        self.optimizer, self.size, self.gamma = optimizer, size, gamma
        self.epoch = 0

    def step(self):
        self.epoch += 1
        if self.epoch % self.size == 0:
            self.optimizer.lr *= self.gamma
