"""Who is tied to whom, point in time: ties of one person in SQL, the whole network in NumPy.

``ties`` compiles to SQL and is exact at each application's own instant. Everything else works
on snapshots: ``edges`` collapses events to a list sorted by the instant from which an edge is
visible, ``snapshots`` turns the list into one sparse matrix whose rows are cut at any instant,
``known`` says what was known of people at it, ``propagate``, ``paths`` and ``structure``
compute, ``blocks`` brings declarations, snapshots and people together.
"""
