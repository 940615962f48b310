"""Lets Debian's az 2.45 run. It asks for a module that Debian's SDK has under the name of the next version."""

import importlib
import importlib.abc
import importlib.util
import sys

WANTED, THERE = "azure.mgmt.network.v2022_01_01", "azure.mgmt.network.v2022_07_01"


class Alias(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        if name == WANTED or name.startswith(WANTED + "."):
            return importlib.util.spec_from_loader(name, self)
        return None

    def create_module(self, spec):
        return importlib.import_module(spec.name.replace(WANTED, THERE, 1))

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, Alias())
