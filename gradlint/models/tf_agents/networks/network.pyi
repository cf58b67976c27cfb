# The same class by its own module's name.


class Network(Layer): ...
