"""The package and its peers behind one face, measured one to a process."""
