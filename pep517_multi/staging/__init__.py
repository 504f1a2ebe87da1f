"""Installation of wheels into staging roots: schemes, files, scripts, bytecode."""
