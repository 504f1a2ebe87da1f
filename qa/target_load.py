# Stand-alone: runs inside the target, Python 3.8 or newer, stdlib only.
# usage: X -I -S -B target_load.py FOLDER MODULE=FILE...
# Loads each FILE below FOLDER as the extension module MODULE; answers {module: null or what went wrong} as JSON
# between two \x1e on standard output.
import importlib.util
import json
import os
import sys


def load(module: str, path: str) -> "str | None":
    try:
        spec = importlib.util.spec_from_file_location(module, path)
        if spec is None or spec.loader is None:
            return "no loader takes the file name {}".format(os.path.basename(path))
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    except BaseException as error:
        return "{}: {}".format(type(error).__name__, error)
    return None


def main(folder: str, modules: "list[str]") -> None:
    sys.path.insert(0, folder)
    pairs = [text.split("=", 1) for text in modules]
    answer = {module: load(module, os.path.join(folder, path)) for module, path in pairs}
    sys.stdout.write("\x1e" + json.dumps(answer) + "\x1e\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
