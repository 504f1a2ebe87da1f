/* A module without content, within the limited API of Python 3.8; its name comes from outside. */
#include <Python.h>

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, NAME, NULL, 0, NULL, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC
INIT(void)
{
    return PyModuleDef_Init(&definition);
}
