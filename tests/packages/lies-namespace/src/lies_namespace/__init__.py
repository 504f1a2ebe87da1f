# As good as pkg_resources.declare_namespace(), for which setuptools looks here.
__path__ = __import__("pkgutil").extend_path(__path__, __name__)
