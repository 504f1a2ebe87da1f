"""The platform tags of this Python, best first, as a JSON list between two record separators (U+001E).

Run inside the target: ``X -I -S -B target_platforms.py FOLDER``, where FOLDER holds the ``packaging`` package and
nothing else.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

from packaging.tags import platform_tags

sys.stdout.write("\x1e" + json.dumps(list(platform_tags())) + "\x1e\n")
