def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return "lies_answer-1.0-py3-none-any.whl"
