"""Benchmarks: floor, peer, goal and what was measured, side by side, in one run.

One module of `bench.rows` for each row of the table of goals (docs/performance.md). Measures and never asserts a
speed: a missed goal is printed as missed. What a row does assert is that the work was really done. Laws: all parts of
a row are timed in the same run, in turn, round by round; what is compared is a ratio, never an absolute time.
"""
