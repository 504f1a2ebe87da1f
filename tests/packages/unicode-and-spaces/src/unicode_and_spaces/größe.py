WERT = "ß"
