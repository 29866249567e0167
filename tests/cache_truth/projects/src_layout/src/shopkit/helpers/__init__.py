from .numbers import *
from .numbers import _hidden as hidden
from .strings import *

least = 0
