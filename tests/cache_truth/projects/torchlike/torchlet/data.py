from .state import generator
from .tensor import stack


class Dataset:
    def __len__(self):
        raise NotImplementedError

    def __iter__(self):
        return (self[n] for n in range(len(self)))


class DataLoader:
    def __init__(self, dataset, batch_size=4, shuffle=False, drop_last=False):
        self.dataset, self.batch_size = dataset, batch_size
        self.shuffle, self.drop_last = shuffle, drop_last

    def __iter__(self):
        order = list(range(len(self.dataset)))
        if self.shuffle:
            generator().shuffle(order)
        for start in range(0, len(order), self.batch_size):
            chosen = order[start : start + self.batch_size]
            if self.drop_last and len(chosen) < self.batch_size:
                return
            items = [self.dataset[n] for n in chosen]
            yield tuple(map(stack, zip(*items)))
