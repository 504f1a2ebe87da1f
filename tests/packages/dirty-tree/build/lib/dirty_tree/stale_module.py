raise RuntimeError("left over from an earlier build")
