"""Games that a whole channel plays with a model: pure state machines, and the rooms around them."""
