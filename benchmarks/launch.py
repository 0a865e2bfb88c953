"""Start a command from a small process, and write how long it took and how much memory it had at most.

    python -S -I benchmarks/launch.py RESULT WORD...

A child's peak memory begins with its parent's, so that a large parent would be measured for it.
"""

import json
import os
import sys
import time

result, words = sys.argv[1], sys.argv[2:]
before = time.perf_counter()
process = os.posix_spawnp(words[0], words, os.environ)
_, status, usage = os.wait4(process, 0)
seconds = time.perf_counter() - before
with open(result, "w") as file:  # noqa: PTH123 - pathlib would make this process larger
    json.dump({"seconds": seconds, "peak_memory": usage.ru_maxrss * 1024}, file)
sys.exit(os.waitstatus_to_exitcode(status))
