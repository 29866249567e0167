class Callback:
    model = None

    def on_begin(self, model):
        self.model = model

    def on_epoch(self, epoch, logs):
        """React to the end of an epoch."""


class EarlyStopping(Callback):
    def __init__(self, patience=1, least=0.0):
        self.patience, self.least = patience, least
        self.best, self.waited, self.stopped = float("inf"), 0, None

    def on_epoch(self, epoch, logs):
        if logs["loss"] < self.best - self.least:
            self.best, self.waited = logs["loss"], 0
            return
        self.waited += 1
        if self.waited > self.patience:
            self.stopped = epoch
            self.model.stop = True


class Decay(Callback):
    def __init__(self, factor, every=2):
        self.factor, self.every = factor, every

    def on_epoch(self, epoch, logs):
        if (epoch + 1) % self.every == 0:
            self.model.optimizer.rate *= self.factor
