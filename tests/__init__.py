"""The suite. A package, so that its shared parts (the type checker, the running stand-ins) can be imported by name."""
