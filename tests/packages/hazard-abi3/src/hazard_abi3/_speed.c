/* One function that knows what it was compiled for, within the limited API of Python 3.8. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *
built_for(PyObject *module, PyObject *nothing)
{
    return PyUnicode_FromString(BUILT_FOR);
}

static PyMethodDef methods[] = {
    {"built_for", built_for, METH_NOARGS, "For which Python this was compiled."},
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
