/* One function, within the limited API of Python 3.8. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *
greet(PyObject *module, PyObject *name)
{
    return PyUnicode_FromFormat("Hello, %S", name);
}

static PyMethodDef methods[] = {
    {"greet", greet, METH_O, "Greet somebody."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_speed", NULL, 0, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC
PyInit__speed(void)
{
    return PyModuleDef_Init(&definition);
}
