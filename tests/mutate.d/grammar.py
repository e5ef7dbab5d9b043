"""What can be changed: one line of a file, or one object. A change is drawn with its host, its script and its words."""

import dataclasses

import lines
import objects

# How the worker is started; each is a way of its own in the lab's client.
SHAPES = ["docker", "docker", "compose", "env-file", "native"]


@dataclasses.dataclass
class Change:
    """One change to a healthy deployment."""

    kind: str       # line or the object's kind, for the figures
    host: str
    story: str      # what was changed, for the reader
    script: str     # run as root on the host
    exact: list     # words that an exact answer has, all of them; a tuple is met by any of its words
    place: list     # words of which an answer that knows the place has one
    only_next: bool = False     # changed, but not applied: the next start takes it


def shape(random):
    return random.choice(SHAPES)


def draw(random, shape, host_files):
    """One change; host_files gives the text of a file of the healthy lab, or None."""
    for _ in range(200):
        made = lines.draw(random, shape, host_files) if random.random() < 0.5 else objects.draw(random, shape)
        if made:
            return Change(**made)
    raise SystemExit("mutate: nothing could be drawn")
