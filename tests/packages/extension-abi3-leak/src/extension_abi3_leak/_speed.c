/* PyMethod_New is no part of the limited API; without Py_LIMITED_API nobody notices. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *
greet(PyObject *module, PyObject *name)
{
    PyObject *format = PyUnicode_FromString("Hello, %s");
    PyObject *function = format == NULL ? NULL : PyObject_GetAttrString((PyObject *)&PyUnicode_Type, "__mod__");
    PyObject *method = function == NULL ? NULL : PyMethod_New(function, format);
    PyObject *greeting = method == NULL ? NULL : PyObject_CallFunctionObjArgs(method, name, NULL);
    Py_XDECREF(method);
    Py_XDECREF(function);
    Py_XDECREF(format);
    return greeting;
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
