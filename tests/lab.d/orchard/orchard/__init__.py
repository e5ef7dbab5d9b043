"""Orchard: reports on the trees of an orchard. An application of another name than ClippyFront, with names of its own."""
